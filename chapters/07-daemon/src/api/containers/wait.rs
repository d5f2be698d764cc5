//! Waiting for a container's end.

use std::os::fd::OwnedFd;
use std::time::Duration;

use bytes::Bytes;
use ch01_namespaces::link::Link;
use ch06_containers::record::Record;
use serde_json::json;

use crate::api::body::channel;
use crate::api::error::{Answer, ApiError};
use crate::api::router::Call;
use crate::api::system::blocking;
use crate::daemon::{Daemon, Readable};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    NotRunning,
    NextExit,
    Removed,
}

// ANCHOR: wait
/// The head of the answer goes out at once, the status when it is known: a client sends "wait"
/// before "start", and starts nothing before it has the head.
pub async fn wait(daemon: Daemon, name: String, call: Call) -> Answer {
    let condition = match call.query.get("condition") {
        None | Some("not-running") => Condition::NotRunning,
        Some("next-exit") => Condition::NextExit,
        Some("removed") => Condition::Removed,
        Some(other) => return Err(ApiError::bad(format!("invalid condition: {other:?}"))),
    };
    let engine = daemon.engine.clone();
    let record = blocking(move || engine.records().find(&name)).await?;
    let (sender, response) = channel("application/json");
    let _ = sender.send(Bytes::new()).await;
    tokio::spawn(async move {
        let code = tokio::select! {
            code = until(&daemon, &record, condition) => code,
            () = sender.closed() => return,
        };
        let _ = sender.send(format!("{}\n", json!({"StatusCode": code})).into()).await;
    });
    Ok(response)
}
// ANCHOR_END: wait

/// `before` is the record when it was asked: a life that begins and ends while nobody looks is seen
/// by the time of its end.
async fn until(daemon: &Daemon, before: &Record, condition: Condition) -> u8 {
    let id = before.id.as_str();
    let mut changes = daemon.changes.count.clone();
    let mut code = None;
    let has_lived = |record: &Record| record.state.finished_at != before.state.finished_at;
    loop {
        changes.borrow_and_update();
        let (engine, wanted) = (daemon.engine.clone(), id.to_string());
        // A shim that stands still is waited for as long as its container lives.
        let Ok(turn) = daemon.turns.take(id).await else { continue };
        let look = move || match engine.records().read(&wanted)? {
            None => Ok(None),
            Some(_) => {
                let record = engine.records().find(&wanted)?;
                let link = engine.wait(&record)?;
                Ok(Some((record, link)))
            }
        };
        let found = blocking(move || {
            let _turn = turn;
            look()
        });
        match found.await {
            // It is gone.
            Ok(None) | Err(_) => {
                return match code {
                    Some(code) => code,
                    None => daemon.exits.of_gone(id).await,
                };
            }
            Ok(Some((record, Some(link)))) => {
                code = Some(ended(daemon, link, &record.id).await);
                if condition != Condition::Removed {
                    return code.unwrap_or_default();
                }
                continue;
            }
            // It has ended, and that is about to be written down.
            Ok(Some((record, None))) if record.state.is_active() => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
            Ok(Some((record, None))) => match condition {
                Condition::NotRunning => return record.state.exit_code,
                Condition::NextExit if has_lived(&record) => return record.state.exit_code,
                Condition::Removed if !record.host.auto_remove && has_lived(&record) => return record.state.exit_code,
                Condition::Removed | Condition::NextExit => {
                    if !record.state.finished_at.is_empty() {
                        code = Some(record.state.exit_code);
                    }
                }
            },
        }
        if changes.changed().await.is_err() {
            return code.unwrap_or_default();
        }
    }
}

/// Waits on the shim's connection, without a thread.
pub(super) async fn ended(daemon: &Daemon, link: Link, id: &str) -> u8 {
    let Ok(readable) = Readable::watch(OwnedFd::from(link)) else { return 137 };
    readable.wait().await;
    let Ok(fd) = readable.into_fd() else { return 137 };
    let link = Link::over(fd);
    let (engine, id) = (daemon.engine.clone(), id.to_string());
    blocking(move || engine.waited(Some(&link), &id)).await.unwrap_or(137)
}
