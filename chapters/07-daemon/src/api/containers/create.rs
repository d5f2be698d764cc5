//! Making a container.

use std::mem::discriminant;

use ch06_containers::engine::default_host_config;
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::api::body::{json as answer_json, read};
use crate::api::error::{Answer, ApiError};
use crate::api::router::Call;
use crate::api::system::blocking;
use crate::daemon::Daemon;
use crate::host_config::new_container;

/// Makes it. "No such image" makes the client pull it and ask again.
pub async fn create(daemon: Daemon, call: Call) -> Answer {
    let name = call.query.get("name").map(String::from);
    let body = read(call.request.into_body()).await?;
    let asked: Value =
        serde_json::from_slice(&body).map_err(|error| ApiError::bad(format!("invalid JSON: {error}")))?;
    for (name, part) in [("the body", &asked), ("HostConfig", &asked["HostConfig"])] {
        if !part.is_object() && (name == "the body" || !part.is_null()) {
            return Err(ApiError::bad(format!("invalid request: {name} must be a JSON object")));
        }
    }
    types_are_right(&asked["HostConfig"])?;
    let created = blocking(move || {
        let image_name = asked["Image"].as_str().unwrap_or_default();
        if image_name.is_empty() {
            anyhow::bail!("invalid request: no image was given");
        }
        let image = daemon.images.find(&daemon.engine, image_name)?;
        let (mut new, warnings) = new_container(&asked, &image)?;
        new.name = name;
        let mut created = daemon.engine.create(new)?;
        created.warnings.extend(warnings);
        Ok(created)
    })
    .await?;
    Ok(answer_json(StatusCode::CREATED, &json!({"Id": created.id, "Warnings": created.warnings})))
}

/// A value of another type than Docker's is refused: read as none, it would be dropped in silence.
fn types_are_right(host: &Value) -> Result<(), ApiError> {
    let defaults = default_host_config();
    for (name, value) in host.as_object().into_iter().flatten() {
        let default = &defaults[name];
        if !value.is_null() && !default.is_null() && discriminant(value) != discriminant(default) {
            let message = format!("invalid request: HostConfig.{name} is {value}, and must be like {default}");
            return Err(ApiError::bad(message));
        }
    }
    Ok(())
}
