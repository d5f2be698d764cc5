//! A container becomes an image.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use ch06_containers::engine::Local;
use ch06_containers::record::Config;
use ch07_daemon::api::body::{json as answer, read};
use ch07_daemon::api::error::{Answer, ApiError};
use ch07_daemon::api::fields;
use ch07_daemon::api::router::Call;
use ch07_daemon::api::system::blocking;
use ch07_daemon::daemon::Daemon;
use ch07_daemon::daemon::changes::about;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::images::name_of;
use super::{changes, store};
use crate::layout::Found;
use crate::{Reference, builtin, transfer};

/// `docker commit`.
pub async fn commit(daemon: Daemon, call: Call) -> Answer {
    let query = call.query;
    let name = name_of(query.get("repo"), query.get("tag"))?;
    let text = |key: &str| query.get(key).map(String::from);
    let (container, comment, author) = (text("container"), text("comment"), text("author"));
    let container = container.ok_or_else(|| ApiError::bad("invalid request: no container was given"))?;
    let changes = changes::from_query(&query)?;
    let pauses = query.get("pause").is_none_or(|value| value != "0" && value != "false");
    // A configuration in the body would stand over the container's own.
    let body = read(call.request.into_body()).await?;
    if serde_json::from_slice::<Value>(&body).is_ok_and(|config| fields::says_something(&config)) {
        return Err(ApiError::bad("invalid request: a configuration in the body is not supported: use changes"));
    }
    let id = blocking(move || {
        let record = daemon.engine.records().find(&container)?;
        let still = pauses
            && record.state.status == ch06_containers::record::Status::Running
            && daemon.engine.pause(&record.id, true).is_ok();
        let first = name.as_ref().filter(|_| changes.is_empty());
        let told = comment.clone().unwrap_or_default();
        let made = commit_record(&daemon.engine, &record, comment, author, first);
        if still {
            daemon.engine.pause(&record.id, false)?;
        }
        let mut made = made?;
        if !changes.is_empty() {
            made = changes::apply(&daemon.engine, &store(&daemon.engine)?, made, &changes, name.as_ref())?;
        }
        let id = made.id().to_string();
        let reference = name.as_ref().map(Reference::familiar).unwrap_or_default();
        let committed = about(&record, "commit").with("imageID", &id).with("imageRef", reference);
        daemon.changes.tell(committed.with("comment", told));
        Ok(id)
    })
    .await?;
    Ok(answer(StatusCode::CREATED, &json!({ "Id": id })))
}

/// The image of a container as it is.
pub fn commit_record(
    engine: &Local,
    record: &ch06_containers::record::Record,
    comment: Option<String>,
    author: Option<String>,
    name: Option<&Reference>,
) -> Result<Found> {
    let images = store(engine)?;
    let base = match &record.image_id {
        Some(id) => images.find(id).with_context(|| format!("the container's image {} is gone", record.image))?,
        None => builtin::find(&images, &record.image)?,
    };
    if base.layer() != record.layer {
        return Err(anyhow!("the container uses a different image than {}", record.image));
    }
    let mut note = json!({"created_by": record.config.command().join(" ")});
    for (key, value) in [("comment", comment), ("author", author)] {
        if let Some(value) = value {
            note[key] = json!(value);
        }
    }
    transfer::commit(&images, record, Some(&base), &image_config(&record.config), &note, name)
}

/// A container's configuration, as an image has it.
fn image_config(config: &Config) -> Value {
    let set =
        |names: &[String]| -> BTreeMap<String, Value> { names.iter().map(|name| (name.clone(), json!({}))).collect() };
    let mut value = json!({
        "Env": config.env,
        "Cmd": config.cmd,
        "WorkingDir": config.working_dir,
        "User": config.user,
        "Labels": config.labels,
    });
    if !config.entrypoint.is_empty() {
        value["Entrypoint"] = json!(config.entrypoint);
    }
    if !config.exposed_ports.is_empty() {
        value["ExposedPorts"] = json!(set(&config.exposed_ports));
    }
    if !config.volumes.is_empty() {
        value["Volumes"] = json!(set(&config.volumes));
    }
    if !config.stop_signal.is_empty() {
        value["StopSignal"] = json!(config.stop_signal);
    }
    value
}
