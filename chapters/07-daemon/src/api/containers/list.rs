//! Looking at containers.

use ch06_containers::engine::{ListRequest, inspect as inspect_record};
use serde_json::{Value, json};

use crate::api::body::ok;
use crate::api::error::Answer;
use crate::api::router::Call;
use crate::api::system::blocking;
use crate::daemon::Daemon;

/// Those that run; all, if that is asked for.
pub async fn list(daemon: Daemon, call: Call) -> Answer {
    let filters = call.query.filters()?;
    let (all, limit) = (call.query.flag("all"), call.query.number::<i64>("limit")?);
    // SDKs send -1 where they mean none.
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let request = ListRequest { all, limit, filters };
    ok(&blocking(move || daemon.engine.list(&request)).await?)
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
    let processes = blocking(move || {
        let record = daemon.engine.records().find(&name)?;
        daemon.engine.top(&record, &options)
    })
    .await?;
    ok(&processes)
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
