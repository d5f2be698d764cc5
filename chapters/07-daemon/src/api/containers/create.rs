//! Making a container.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::api::body::{json as answer_json, read};
use crate::api::error::{Answer, ApiError};
use crate::api::router::Call;
use crate::api::system::blocking;
use crate::daemon::Daemon;
use crate::host_config::{new_container, types_are_right};

/// Makes it. "No such image" makes the client pull it and ask again.
pub async fn create(daemon: Daemon, call: Call) -> Answer {
    call.query.platform()?;
    let name = call.query.get("name").map(String::from);
    let body = read(call.request.into_body()).await?;
    let asked: Value =
        serde_json::from_slice(&body).map_err(|error| ApiError::bad(format!("invalid JSON: {error}")))?;
    for (name, part) in [("the body", &asked), ("HostConfig", &asked["HostConfig"])] {
        if !part.is_object() && (name == "the body" || !part.is_null()) {
            return Err(ApiError::bad(format!("invalid request: {name} must be a JSON object")));
        }
    }
    types_are_right(&asked).map_err(|wrong| ApiError::bad(format!("invalid request: {wrong}")))?;
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
