//! `docker build`, as the classic builder answers it: JSON lines with the text that people know.

use std::collections::BTreeMap;

use ch07_daemon::api::error::{Answer, ApiError};
use ch07_daemon::api::router::Call;
use ch07_daemon::daemon::Daemon;
use serde_json::json;

use super::stream::{reader, working};
use super::{auth, store};
use crate::Reference;
use crate::build::{Context, Request, build as build_image};
use crate::transfer;

/// Builds from the archive in the request's body.
pub async fn build(daemon: Daemon, call: Call) -> Answer {
    let query = &call.query;
    if query.get("remote").is_some() {
        return Err(ApiError::bad("invalid request: a remote context is not supported"));
    }
    if query.get("version") == Some("2") {
        return Err(ApiError::bad("invalid request: BuildKit is not supported\ncure: DOCKER_BUILDKIT=0 docker build"));
    }
    let tags = query.all("t").iter().map(|tag| tag.parse().map_err(ApiError::bad));
    let tags: Vec<Reference> = tags.collect::<Result<_, _>>()?;
    let map = |key: &str| -> Result<BTreeMap<String, String>, ApiError> {
        let Some(text) = query.get(key) else { return Ok(BTreeMap::new()) };
        // A build argument without a value is null: then it is as if it weren't given.
        let values: BTreeMap<String, Option<String>> =
            serde_json::from_str(text).map_err(|error| ApiError::bad(format!("invalid {key}: {error}")))?;
        Ok(values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    };
    let request = Request {
        dockerfile: query.get("dockerfile").unwrap_or("Dockerfile").into(),
        tags,
        args: map("buildargs")?,
        target: query.get("target").map(String::from),
        no_cache: query.flag("nocache"),
        labels: map("labels")?,
    };
    let quiet = query.flag("q");
    let credentials = auth::of_build(&call);
    let body = reader(call.request.into_body());
    working(move |lines| {
        let images = store(&daemon.engine)?;
        let context = Context::of_archive(body, images.layers().data_root())?;
        let pull = |name: &Reference| transfer::pull(&images, name, credentials(name), &mut |_, _, _, _| {});
        let mut output = |text: &str| match quiet || text.is_empty() {
            true => lines.is_heard(),
            false => lines.send(&json!({ "stream": text })),
        };
        let found = build_image(&daemon.engine, &images, &pull, &context, &request, &mut output)?;
        let id = found.id().to_string();
        if quiet {
            lines.send(&json!({"stream": format!("{id}\n")}))?;
        }
        lines.send(&json!({"aux": {"ID": id}}))
    })
}
