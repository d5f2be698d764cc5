//! `docker build`, as the classic builder answers it: JSON lines with the text that people know.

use std::collections::BTreeMap;

use ch07_daemon::api::error::{Answer, ApiError};
use ch07_daemon::api::parameters;
use ch07_daemon::api::query::Query;
use ch07_daemon::api::router::Call;
use ch07_daemon::daemon::Daemon;
use ch07_daemon::host_config::{flags_of, types_are_right};
use serde_json::{Value, json};

use super::stream::{reader, working};
use super::{auth, store};
use crate::Reference;
use crate::build::{Context, Request, build as build_image};
use crate::transfer;

/// What surrounds the steps' containers, as `create` has it in HostConfig.
fn surroundings(query: &Query) -> Result<(Vec<String>, Vec<String>), ApiError> {
    let number = |name: &str| query.number::<i64>(name);
    let list = |name: &str| -> Result<Value, ApiError> {
        let text = query.get(name).unwrap_or("null");
        serde_json::from_str(text).map_err(|error| ApiError::bad(format!("invalid {name}: {error}")))
    };
    let host = json!({
        "NetworkMode": query.get("networkmode"), "CgroupParent": query.get("cgroupparent"),
        "Memory": number("memory")?, "MemorySwap": number("memswap")?, "ShmSize": number("shmsize")?,
        "CpuShares": number("cpushares")?, "CpuPeriod": number("cpuperiod")?, "CpuQuota": number("cpuquota")?,
        "CpusetCpus": query.get("cpusetcpus"), "CpusetMems": query.get("cpusetmems"),
        "ExtraHosts": query.all("extrahosts").iter().filter(|host| !host.is_empty()).collect::<Vec<_>>(), "Ulimits": list("ulimits")?,
    });
    types_are_right(&json!({ "HostConfig": host }))
        .map_err(|wrong| ApiError::bad(format!("invalid request: {wrong}")))?;
    Ok(flags_of(&host)?)
}

/// Builds from the archive in the request's body.
pub async fn build(daemon: Daemon, call: Call) -> Answer {
    let query = &call.query;
    query.platform()?;
    let (run_flags, mut warnings) = surroundings(query)?;
    if query.get("cachefrom").is_some_and(parameters::says_something) {
        warnings.push("cachefrom has no effect in Coracle: what was built here before is the cache".into());
    }
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
        pull: query.flag("pull"),
        run_flags,
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
        warnings.iter().try_for_each(|warning| output(&format!("[Warning] {warning}\n")))?;
        let found = build_image(&daemon.engine, &images, &pull, &context, &request, &mut output)?;
        let id = found.id().to_string();
        if quiet {
            lines.send(&json!({"stream": format!("{id}\n")}))?;
        }
        lines.send(&json!({"aux": {"ID": id}}))
    })
}
