//! Looking at containers.

use ch06_containers::engine::inspect as inspect_record;
use ch06_containers::record::Record;
use ch06_containers::verbs::{Filters, status_text};
use serde_json::{Value, json};

use crate::api::body::ok;
use crate::api::error::Answer;
use crate::api::router::Call;
use crate::api::system::blocking;
use crate::daemon::{Daemon, Shared};

/// Those that run; all, if that is asked for.
pub async fn list(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters()?;
    let (all, limit) = (call.query.flag("all"), call.query.number::<i64>("limit")?);
    // SDKs send -1 where they mean none.
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let rows = blocking(move || {
        let filters = Filters::new(filters)?;
        let all = all || limit.is_some() || filters.names_a_status();
        let mut records = daemon.engine.records().all()?;
        records.reverse();
        records.retain(|record| (all || record.state.is_active()) && filters.matches(record));
        records.truncate(limit.unwrap_or(usize::MAX));
        Ok(records.iter().map(|record| row(&daemon, record)).collect::<Vec<_>>())
    })
    .await?;
    ok(&rows)
}

fn row(daemon: &Shared, record: &Record) -> Value {
    let whole = inspect_record(&daemon.engine, record);
    let endpoint = daemon.engine.endpoint(record);
    let mut ports: Vec<Value> = endpoint
        .iter()
        .flat_map(|endpoint| &endpoint.ports)
        .map(|port| json!({"IP": port.ip.to_string(), "PrivatePort": port.container, "PublicPort": port.host, "Type": "tcp"}))
        .collect();
    for exposed in &record.config.exposed_ports {
        let (number, kind) = exposed.split_once('/').unwrap_or((exposed, "tcp"));
        let number: u16 = number.parse().unwrap_or_default();
        if !ports.iter().any(|port| port["PrivatePort"] == number) {
            ports.push(json!({"PrivatePort": number, "Type": kind}));
        }
    }
    json!({
        "Id": record.id, "Names": [format!("/{}", record.name)], "Image": record.image, "ImageID": whole["Image"],
        "Command": record.config.command().join(" "), "Created": ch06_containers::seconds_of(&record.created), "Ports": ports,
        "Labels": record.config.labels, "State": record.state.status.to_string(), "Status": status_text(record),
        "HostConfig": {"NetworkMode": whole["HostConfig"]["NetworkMode"]},
        "NetworkSettings": {"Networks": whole["NetworkSettings"]["Networks"]}, "Mounts": whole["Mounts"],
    })
}

/// Everything about one.
pub async fn inspect(daemon: Daemon, name: String) -> Answer {
    let value = blocking(move || {
        let record = daemon.engine.records().find(&name)?;
        Ok(inspect_record(&daemon.engine, &record))
    })
    .await?;
    ok(&value)
}

/// Its processes.
pub async fn top(daemon: Daemon, name: String, call: Call) -> Answer {
    let options: Vec<String> =
        call.query.get("ps_args").unwrap_or("-ef").split_whitespace().map(String::from).collect();
    let lines = blocking(move || {
        let record = daemon.engine.records().find(&name)?;
        ch06_containers::verbs::top(&daemon.engine, &record, &options)
    })
    .await?;
    let titles: Vec<&str> = lines.first().map(|line| line.split_whitespace().collect()).unwrap_or_default();
    let row = |line: &String| -> Vec<String> {
        let mut cells: Vec<String> = Vec::new();
        let mut rest = line.trim_start();
        for _ in 1..titles.len() {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            cells.push(rest[..end].into());
            rest = rest[end..].trim_start();
        }
        cells.push(rest.trim_end().into());
        cells
    };
    ok(&json!({"Titles": titles, "Processes": lines.iter().skip(1).map(row).collect::<Vec<_>>()}))
}

/// What it changed in its image.
pub async fn changes(daemon: Daemon, name: String) -> Answer {
    let changes = blocking(move || {
        let record = daemon.engine.records().find(&name)?;
        daemon.engine.changes(&record)
    })
    .await?;
    use ch04_unionfs::changes::Kind;
    let number = |kind| match kind {
        Kind::Changed => 0,
        Kind::Added => 1,
        Kind::Deleted => 2,
    };
    let all: Vec<Value> = changes
        .iter()
        .map(|change| json!({"Path": change.path.to_string_lossy(), "Kind": number(change.kind)}))
        .collect();
    ok(&all)
}
