//! What happened: the newest changes, and those to come.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ch06_containers::{nanoseconds_of, now, parse_time};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::body::channel;
use super::error::{Answer, ApiError};
use super::router::Call;
use crate::daemon::{Change, Daemon};

/// Filters of Docker's. There are only events of containers here: a filter for others chooses none.
const KNOWN: [&str; 14] = [
    "config",
    "container",
    "daemon",
    "event",
    "image",
    "label",
    "network",
    "node",
    "plugin",
    "scope",
    "secret",
    "service",
    "type",
    "volume",
];

// ANCHOR: events
/// What has happened since a time, and what happens until another: one JSON object a line, each
/// sent at once.
pub async fn events(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters()?;
    if let Some(unknown) = filters.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(ApiError::bad(format!("invalid filter '{unknown}'")));
    }
    let time = |name: &str| call.query.get(name).map(nanoseconds).transpose();
    let (since, until) = (time("since")?, time("until")?);
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        return Err(ApiError::bad("invalid time: `since` cannot be after `until`"));
    }
    let (past, mut changes) = daemon.changes.listen();
    let (sender, response) = channel("application/json");
    // The head goes out with the first bytes: clients wait for it.
    let _ = sender.send(Bytes::new()).await;
    tokio::spawn(async move {
        let is_in_time = |change: &Change| until.is_none_or(|until| change.nanoseconds <= until);
        let past = past.into_iter().filter(|change| since.is_some_and(|since| change.nanoseconds >= since));
        for change in past.filter(|change| is_in_time(change) && matches(&filters, change)) {
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
                Ok(change) if is_in_time(&change) && matches(&filters, &change) => {
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
    let about = &change.about;
    let mut attributes: serde_json::Map<String, Value> =
        about.labels.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    attributes.insert("image".into(), about.image.clone().into());
    attributes.insert("name".into(), about.name.clone().into());
    if change.action == "die" {
        attributes.insert("exitCode".into(), about.exit_code.to_string().into());
    }
    json!({
        "status": change.action, "id": about.id, "from": about.image, "Type": "container", "Action": change.action,
        "Actor": {"ID": about.id, "Attributes": attributes}, "scope": "local",
        "time": change.nanoseconds / 1_000_000_000, "timeNano": change.nanoseconds,
    })
}

fn matches(filters: &BTreeMap<String, Vec<String>>, change: &Change) -> bool {
    let about = &change.about;
    filters.iter().all(|(name, values)| {
        values.iter().any(|value| match name.as_str() {
            "type" => value == "container",
            "scope" => value == "local",
            "event" => value == change.action,
            "container" => about.id.starts_with(value) || about.name == *value,
            "image" => about.image == *value,
            "label" => match value.split_once('=') {
                Some((label, value)) => about.labels.get(label).is_some_and(|known| known == value),
                None => about.labels.contains_key(value),
            },
            _ => false,
        })
    })
}
