//! What happened: the newest changes, and those to come.

mod filters;

use std::time::Duration;

use bytes::Bytes;
use ch06_containers::{nanoseconds_of, now, parse_time};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::body::channel;
use super::error::{Answer, ApiError};
use super::router::Call;
use super::system::blocking;
use crate::daemon::{Change, Daemon, Kind};

// ANCHOR: events
/// What has happened since a time, and what happens until another: one JSON object a line, each
/// sent at once.
pub async fn events(daemon: Daemon, call: Call) -> Answer {
    let filters = filters::of_query(&call.query)?;
    // First of all, or what is on disk by now would be later than "until now".
    let (past, mut changes) = blocking(move || Ok(daemon.changes.listen())).await?;
    let time = |name: &str| call.query.get(name).map(nanoseconds).transpose();
    let (since, until) = (time("since")?, time("until")?);
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        return Err(ApiError::bad("invalid time: `since` cannot be after `until`"));
    }
    let (sender, response) = channel("application/json");
    // The head goes out with the first bytes: clients wait for it.
    let _ = sender.send(Bytes::new()).await;
    tokio::spawn(async move {
        let is_in_time = |change: &Change| until.is_none_or(|until| change.nanoseconds <= until);
        let past = past.into_iter().filter(|change| since.is_some_and(|since| change.nanoseconds >= since));
        for change in past.filter(|change| is_in_time(change) && filters.include(change)) {
            if sender.send(line(&change)).await.is_err() {
                return;
            }
        }
        let end = until_is_over(until);
        tokio::pin!(end);
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = &mut end => return,
                () = sender.closed() => return,
            };
            match change {
                Ok(change) if is_in_time(&change) && filters.include(&change) => {
                    if sender.send(line(&change)).await.is_err() {
                        return;
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
    Ok(response)
}
// ANCHOR_END: events

fn nanoseconds(text: &str) -> Result<i64, ApiError> {
    parse_time(text).map(|time| nanoseconds_of(&time)).map_err(|error| ApiError::bad(error.to_string()))
}

/// Waits until a time has come; for ever without one.
async fn until_is_over(until: Option<i64>) {
    let Some(until) = until else { return std::future::pending().await };
    let left = until.saturating_sub(nanoseconds_of(&now()));
    tokio::time::sleep(Duration::from_nanos(left.try_into().unwrap_or_default())).await;
}

fn line(change: &Change) -> Bytes {
    format!("{}\n", event(change)).into()
}

fn event(change: &Change) -> Value {
    let Change { kind, action, id, attributes, nanoseconds } = change;
    let mut event = json!({
        "Type": kind.name(), "Action": action, "Actor": {"ID": id, "Attributes": attributes}, "scope": "local",
        "time": nanoseconds / 1_000_000_000, "timeNano": nanoseconds,
    });
    // Older clients know events of containers and images only, and these fields.
    if matches!(kind, Kind::Container | Kind::Image) {
        event["status"] = action.as_str().into();
        event["id"] = id.as_str().into();
    }
    if *kind == Kind::Container {
        event["from"] = attributes.get("image").cloned().unwrap_or_default().into();
    }
    event
}
