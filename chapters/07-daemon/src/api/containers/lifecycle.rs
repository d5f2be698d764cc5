//! Starting, stopping, removing.

use anyhow::Context;
use ch01_namespaces::Failure;
use ch06_containers::record::Record;
use ch06_containers::verbs::signal_number;
use hyper::{Response, StatusCode};
use serde_json::json;
use tracing::warn;

use crate::api::body::{full, no_content, ok};
use crate::api::error::{Answer, ApiError, start_failed};
use crate::api::prune::Chosen;
use crate::api::router::Call;
use crate::api::system::{blocking, blocking_on, find};
use crate::daemon::changes::about;
use crate::daemon::{Change, Daemon, Kind};

// ANCHOR: start
/// Starts it: a shim makes the container up to its gate, clients that wait are handed to it, and
/// the gate opens.
pub async fn start(daemon: Daemon, name: String) -> Answer {
    let record = find(&daemon, name).await?;
    let id = record.id.clone();
    daemon.pending.settle(&id).await;
    let (again, turn) = (daemon.clone(), daemon.turns.take(&id).await?);
    let started = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        let (daemon, _turn) = (again, turn);
        let Some(gate) = daemon.engine.prepare_start(&record.id)? else { return Ok(None) };
        daemon.exits.forget(&record.id);
        for client in daemon.pending.take(&record.id) {
            daemon.engine.attach(&record, client.socket, client.wanted)?;
        }
        // Asked before it runs: it may end at once, and be removed.
        let ending = daemon.engine.wait_for_end(&record)?;
        gate.open_gate().map(|()| Some((ending, record.id)))
    })
    .await
    .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    match started {
        Ok(Some((ending, id))) => {
            tokio::spawn(async move {
                let code = super::wait::ended(&daemon, ending, &id).await;
                daemon.exits.note(&id, code);
            });
            no_content()
        }
        Ok(None) => not_modified(),
        Err(error) => {
            after_a_failed_start(&daemon, id, &error).await;
            Err(start_failed(&error))
        }
    }
}
// ANCHOR_END: start

/// Clients that attached are let go, and a container that was to be removed at its end goes: its
/// client waits for that.
async fn after_a_failed_start(daemon: &Daemon, id: String, error: &anyhow::Error) {
    drop(daemon.pending.take(&id));
    daemon.exits.note(&id, Failure::from_error(error).exit_code);
    let engine = daemon.engine.clone();
    let removed = blocking(move || match engine.records().read(&id)? {
        Some(record) if record.host.auto_remove => engine.remove(&id, true, true),
        _ => Ok(()),
    });
    if let Err(error) = removed.await {
        warn!(error.message, "cannot remove a container that didn't start");
    }
}

fn not_modified() -> Answer {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    Ok(response)
}

/// Ends it, first by a signal.
pub async fn stop(daemon: Daemon, name: String, call: Call) -> Answer {
    let seconds = call.query.number("t")?;
    let signal = call.query.get("signal").map(String::from);
    let record = find(&daemon, name).await?;
    let engine = daemon.engine.clone();
    let id = record.id.clone();
    blocking_on(&daemon, &record.id, move || engine.stop(&id, seconds, signal.as_deref())).await?;
    if record.state.is_active() { no_content() } else { not_modified() }
}

/// Ends it, and starts it again.
pub async fn restart(daemon: Daemon, name: String, call: Call) -> Answer {
    let seconds = call.query.number("t")?;
    let signal = call.query.get("signal").map(String::from);
    let id = find(&daemon, name).await?.id;
    let (again, container) = (daemon.clone(), id.clone());
    blocking_on(&again, &container, move || {
        daemon.engine.stop(&id, seconds, signal.as_deref())?;
        daemon.engine.start(&id)?;
        daemon.changes.tell(about(&daemon.engine.records().find(&id)?, "restart"));
        Ok(())
    })
    .await?;
    no_content()
}

/// Sends a signal.
pub async fn kill(daemon: Daemon, name: String, call: Call) -> Answer {
    let signal = call.query.get("signal").unwrap_or("SIGKILL").to_string();
    let number = signal_number(&signal)?;
    let id = find(&daemon, name).await?.id;
    let (engine, container) = (daemon.engine.clone(), id.clone());
    blocking_on(&daemon, &container, move || engine.signal(&id, number)).await?;
    no_content()
}

/// Halts it, or lets it go on.
pub async fn pause(daemon: Daemon, name: String, is_pause: bool) -> Answer {
    blocking(move || daemon.engine.pause(&name, is_pause)).await?;
    no_content()
}

/// Gives it another name.
pub async fn rename(daemon: Daemon, name: String, call: Call) -> Answer {
    let new = call.query.get("name").context("invalid request: no name was given").map_err(ApiError::from)?.to_string();
    blocking(move || daemon.engine.rename(&name, new.trim_start_matches('/'))).await?;
    no_content()
}

/// Removes it.
pub async fn remove(daemon: Daemon, name: String, call: Call) -> Answer {
    let (force, volumes) = (call.query.flag("force"), call.query.flag("v"));
    let id = find(&daemon, name).await?.id;
    let (again, container) = (daemon.clone(), id.clone());
    blocking_on(&again, &container, move || {
        daemon.engine.remove(&id, force, volumes)?;
        // Clients that attached, and waited for a start that never comes.
        drop(daemon.pending.take(&id));
        Ok(())
    })
    .await?;
    no_content()
}

/// Removes all that have ended, of those that the filters choose.
pub async fn prune(daemon: Daemon, call: Call) -> Answer {
    let chosen = Chosen::from_query(&call.query, &["label", "label!", "until"])?;
    let is_chosen = move |record: &Record| chosen.includes(&record.config.labels, &record.created);
    let gone = blocking(move || {
        let gone = daemon.engine.prune_chosen(is_chosen)?;
        gone.iter().for_each(|id| drop(daemon.pending.take(id)));
        daemon.changes.tell(Change::pruned(Kind::Container));
        Ok(gone)
    })
    .await?;
    ok(&json!({"ContainersDeleted": gone, "SpaceReclaimed": 0}))
}
