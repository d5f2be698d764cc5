//! Attaching: the connection becomes the container's streams.

use ch06_containers::shim::{Attach, Request};
use serde_json::json;
use tracing::warn;

use crate::api::body::ok;
use crate::api::error::Answer;
use crate::api::hijack;
use crate::api::router::Call;
use crate::api::system::{blocking, blocking_on, find};
use crate::daemon::changes::about;
use crate::daemon::{Attachment, Daemon};

// ANCHOR: attach
/// Answers 101, takes the connection, and passes it to the container's shim. If no shim runs yet,
/// keeps the connection until the container starts.
pub async fn attach(daemon: Daemon, name: String, call: Call) -> Answer {
    let flag = |name: &str| call.query.flag(name);
    let (stream, stdin, stdout, stderr) = (flag("stream"), flag("stdin"), flag("stdout"), flag("stderr"));
    let with_logs = flag("logs");
    let keys = call.query.detach_keys()?;
    let engine = daemon.engine.clone();
    let changes = daemon.changes.clone();
    let record = blocking(move || {
        let record = engine.records().find(&name)?;
        changes.tell(about(&record, "attach"));
        Ok(record)
    })
    .await?;
    let answer = hijack::switching_protocols(record.config.tty);
    daemon.pending.announce(&record.id);
    tokio::spawn(async move {
        let taken = hijack::take(hyper::upgrade::on(call.request)).await;
        let Ok(taken) = taken.inspect_err(|error| warn!(%error, "attach")) else {
            daemon.pending.arrived(&record.id, None);
            return;
        };
        if with_logs {
            super::logs::send_history(&daemon.engine, &record, &taken.socket, stdout, stderr).await;
        }
        if !stream {
            daemon.pending.arrived(&record.id, None);
            return;
        }
        let detach_keys = record.config.tty.then_some(keys);
        let wanted = Attach { stdin, stdout, stderr, early: taken.early, detach_keys };
        let attachment = Attachment { socket: taken.socket, wanted };
        if !record.state.is_active() {
            daemon.pending.arrived(&record.id, Some(attachment));
            // It may have been removed meanwhile: then nobody else lets the client go.
            let id = record.id;
            let _ = blocking(move || {
                if daemon.engine.records().find(&id).is_err() {
                    drop(daemon.pending.take(&id));
                }
                Ok(())
            })
            .await;
            return;
        }
        daemon.pending.arrived(&record.id, None);
        let engine = daemon.engine.clone();
        let id = record.id.clone();
        let attach = move || engine.attach(&record, attachment.socket, attachment.wanted);
        if let Err(error) = blocking_on(&daemon, &id, attach).await {
            warn!(error.message, "attach");
        }
    });
    Ok(answer)
}
// ANCHOR_END: attach

/// Sets the size of its terminal.
pub async fn resize(daemon: Daemon, name: String, call: Call) -> Answer {
    let columns = call.query.number("w")?.unwrap_or(80);
    let rows = call.query.number("h")?.unwrap_or(24);
    let record = find(&daemon, name).await?;
    let (again, id) = (daemon.clone(), record.id.clone());
    blocking_on(&again, &id, move || {
        daemon.engine.ask(&record, &Request::Resize { exec: None, columns, rows }, Vec::new())?;
        daemon.changes.tell(about(&record, "resize").with("height", rows).with("width", columns));
        Ok(())
    })
    .await?;
    ok(&json!({}))
}
