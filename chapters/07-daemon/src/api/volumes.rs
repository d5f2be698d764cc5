//! Volumes.

use ch06_containers::Volume;
use serde_json::json;

use super::body::{json as answer_json, no_content, ok, read};
use super::error::{Answer, ApiError};
use super::fields;
use super::prune::{self, Chosen};
use super::router::Call;
use super::system::blocking;
use crate::daemon::{Change, Daemon, Kind};

/// All.
pub async fn list(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters_of(&["name", "label", "driver", "dangling"])?;
    let is_dangling = prune::switch(&call.query, "dangling")?;
    let volumes = blocking(move || {
        let mut all = daemon.engine.volumes().all()?;
        all.retain(|volume| filters.iter().all(|(name, values)| fits(volume, name, values)));
        if let Some(is_dangling) = is_dangling {
            all.retain(|volume| {
                daemon.engine.users_of_volume(&volume.name).is_ok_and(|users| users.is_empty()) == is_dangling
            });
        }
        all.iter().map(|volume| daemon.engine.inspect_volume(&volume.name)).collect::<anyhow::Result<Vec<_>>>()
    })
    .await?;
    ok(&json!({"Volumes": volumes, "Warnings": null}))
}

/// Whether a volume is chosen by one filter; `dangling` is looked at by itself.
fn fits(volume: &Volume, filter: &str, values: &[String]) -> bool {
    values.is_empty()
        || values.iter().any(|value| match filter {
            "name" => volume.name.contains(value.as_str()),
            "driver" => value == "local",
            "label" => match value.split_once('=') {
                Some((label, value)) => volume.labels.get(label).is_some_and(|known| known == value),
                None => volume.labels.contains_key(value),
            },
            _ => true,
        })
}

/// Makes one.
pub async fn create(daemon: Daemon, call: Call) -> Answer {
    let body = read(call.request.into_body()).await?;
    let texts = json!({"*": ""});
    let example = json!({"Name": "", "Driver": "", "DriverOpts": texts, "Labels": texts});
    let asked = fields::read(&body, &example)?;
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

/// Removes one that nobody uses. With `force`, one that isn't there is no error.
pub async fn remove(daemon: Daemon, name: String, call: Call) -> Answer {
    let force = call.query.flag("force");
    blocking(move || {
        if force && daemon.engine.volumes().find(&name)?.is_none() {
            return Ok(());
        }
        daemon.engine.remove_volume(&name)
    })
    .await?;
    no_content()
}

/// Removes all that nobody uses.
pub async fn prune(daemon: Daemon, call: Call) -> Answer {
    let chosen = Chosen::from_query(&call.query, &["label", "label!", "all"])?;
    let all = prune::switch(&call.query, "all")?.unwrap_or(false);
    let is_chosen = move |volume: &Volume| chosen.includes(&volume.labels, &volume.created);
    let gone = blocking(move || {
        let gone = daemon.engine.prune_chosen_volumes(all, is_chosen)?;
        daemon.changes.tell(Change::pruned(Kind::Volume));
        Ok(gone)
    })
    .await?;
    ok(&json!({"VolumesDeleted": gone, "SpaceReclaimed": 0}))
}
