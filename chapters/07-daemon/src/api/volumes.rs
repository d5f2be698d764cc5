//! Volumes.

use ch06_containers::Volume;
use serde_json::json;

use super::body::{json as answer_json, no_content, ok, read};
use super::error::{Answer, ApiError};
use super::prune::{self, Chosen};
use super::router::Call;
use super::system::blocking;
use crate::daemon::Daemon;

/// All.
pub async fn list(daemon: Daemon) -> Answer {
    let volumes = blocking(move || {
        let all = daemon.engine.volumes().all()?;
        all.iter().map(|volume| daemon.engine.inspect_volume(&volume.name)).collect::<anyhow::Result<Vec<_>>>()
    })
    .await?;
    ok(&json!({"Volumes": volumes, "Warnings": null}))
}

/// Makes one.
pub async fn create(daemon: Daemon, call: Call) -> Answer {
    let body = read(call.request.into_body()).await?;
    let asked: serde_json::Value =
        serde_json::from_slice(&body).map_err(|error| ApiError::bad(format!("invalid JSON: {error}")))?;
    if asked["Driver"].as_str().is_some_and(|driver| !driver.is_empty() && driver != "local") {
        return Err(ApiError::bad(format!("the volume driver {} is not supported: there is local", asked["Driver"])));
    }
    // What is to be NFS would be a directory here, and the data elsewhere.
    if asked["DriverOpts"].as_object().is_some_and(|options| !options.is_empty()) {
        return Err(ApiError::bad("invalid request: DriverOpts of volumes is not supported by Coracle: omit it"));
    }
    let name = asked["Name"].as_str().filter(|name| !name.is_empty()).map(String::from);
    let labels = serde_json::from_value(asked["Labels"].clone()).unwrap_or_default();
    let made = blocking(move || {
        let volume = daemon.engine.volumes().create(name.as_deref(), labels)?;
        daemon.engine.inspect_volume(&volume.name)
    })
    .await?;
    Ok(answer_json(hyper::StatusCode::CREATED, &made))
}

/// One.
pub async fn inspect(daemon: Daemon, name: String) -> Answer {
    ok(&blocking(move || daemon.engine.inspect_volume(&name)).await?)
}

/// Removes one that nobody uses.
pub async fn remove(daemon: Daemon, name: String) -> Answer {
    blocking(move || daemon.engine.remove_volume(&name)).await?;
    no_content()
}

/// Removes all that nobody uses.
pub async fn prune(daemon: Daemon, call: Call) -> Answer {
    let chosen = Chosen::from_query(&call.query, &["label", "label!", "all"])?;
    let all = prune::switch(&call.query, "all")?.unwrap_or(false);
    let is_chosen = move |volume: &Volume| chosen.includes(&volume.labels, &volume.created);
    let gone = blocking(move || daemon.engine.prune_chosen_volumes(all, is_chosen)).await?;
    ok(&json!({"VolumesDeleted": gone, "SpaceReclaimed": 0}))
}
