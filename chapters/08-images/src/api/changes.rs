//! `--change` of import and commit: a Dockerfile's instructions for an image that is there.

use anyhow::{Result, ensure};
use ch06_containers::engine::Local;
use ch07_daemon::api::error::ApiError;
use ch07_daemon::api::query::Query;

use super::images::users;
use crate::Reference;
use crate::build::{Context, Request, build};
use crate::layout::{Found, ImageStore};

/// Those that change a configuration and no file.
const ALLOWED: [&str; 9] = ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];

/// The instructions of a request, each checked.
pub fn from_query(query: &Query) -> Result<Vec<String>, ApiError> {
    let lines = query.all("changes").iter().flat_map(|text| text.lines()).map(str::trim);
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).map(String::from).collect();
    let verb = |line: &String| line.split_whitespace().next().unwrap_or_default().to_uppercase();
    match lines.iter().find(|line| !ALLOWED.contains(&verb(line).as_str())) {
        None => Ok(lines),
        Some(line) => Err(ApiError::bad(format!("invalid change {line:?}: there are {}", ALLOWED.join(", ")))),
    }
}

/// The image that they make of one, by a build on it. The one without them goes.
pub fn apply(
    engine: &Local,
    images: &ImageStore,
    image: Found,
    changes: &[String],
    name: Option<&Reference>,
) -> Result<Found> {
    let directory = tempfile::Builder::new().prefix("changes-").tempdir_in(images.layers().data_root())?;
    let lines = changes.join("\n");
    std::fs::write(directory.path().join("Dockerfile"), format!("FROM {}\n{lines}\n", image.id()))?;
    let context = Context::of_stage(directory)?;
    let request = Request {
        dockerfile: "Dockerfile".into(),
        tags: name.cloned().into_iter().collect(),
        no_cache: true,
        ..Request::default()
    };
    let pull = |_: &Reference| anyhow::bail!("internal error: the image is gone");
    let changed = build(engine, images, &pull, &context, &request, &mut |_| Ok(()))?;
    ensure!(changed.id() != image.id(), "internal error: the changes changed nothing");
    images.remove(&image.id().to_string(), true, &users(engine))?;
    Ok(changed)
}
