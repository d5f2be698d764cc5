//! What happens to containers, as their records tell it.

use ch06_containers::record::{Record, RecordState, Status};
use ch06_containers::{Volumes, nanoseconds_of};

use super::{Change, Kind};

/// Something that happens to a container.
pub fn about(record: &Record, action: impl Into<String>) -> Change {
    let change = Change::new(Kind::Container, action, &record.id);
    change.with("image", &record.image).with("name", &record.name).with_labels(&record.config.labels)
}

/// What a record tells of the past, when a daemon starts.
pub(super) fn past(record: &Record) -> Vec<Change> {
    let state = &record.state;
    let mut past = vec![about(record, "create").at(&record.created), about(record, "start").at(&state.started_at)];
    if state.finished_at >= state.started_at && !state.started_at.is_empty() {
        past.push(died(record, record).at(&state.finished_at));
    }
    past.into_iter().flatten().collect()
}

// ANCHOR: between
/// What happened between two records; the first one is missing if the container is new.
pub(super) fn between(before: Option<&Record>, now: &Record, volumes: &Volumes) -> Vec<Change> {
    let mut changes = Vec::new();
    let created = Record { state: RecordState::default(), ..now.clone() };
    let before = before.unwrap_or_else(|| {
        changes.push(about(now, "create"));
        &created
    });
    if before.name != now.name {
        changes.push(about(now, "rename").with("oldName", format!("/{}", before.name)));
    }
    let (was, is) = (&before.state, &now.state);
    let is_another_life = was.started_at != is.started_at;
    // A life may begin and end between two looks.
    if runs(was) && (!runs(is) || is_another_life) {
        changes.extend(ended(before, if is_another_life { before } else { now }, volumes));
    }
    if is_another_life && !is.started_at.is_empty() {
        changes.extend(mounts(now, volumes, "mount"));
        changes.push(about(now, "start"));
        if !runs(is) {
            changes.extend(ended(now, now, volumes));
        }
    } else if runs(was) && runs(is) && was.status != is.status {
        changes.push(about(now, if is.status == Status::Paused { "pause" } else { "unpause" }));
    }
    // Nobody ends a life and means it by kill's signal.
    let is_stopped = !matches!(is.stopped_by, 0 | SIGKILL) && is.status == Status::Exited;
    if is_stopped && (was.stopped_by, &was.finished_at, was.status) != (is.stopped_by, &is.finished_at, is.status) {
        changes.push(about(now, "stop"));
    }
    changes
}
// ANCHOR_END: between

/// The one of a container whose record is gone: its exit status, if it lived, is all that is known
/// of what came after the record that we know.
pub(super) fn gone(known: &Record, code: Option<u8>, volumes: &Volumes) -> Vec<Change> {
    let mut changes = Vec::new();
    let has_lived = code.is_some() && known.state.started_at.is_empty();
    if has_lived {
        changes.extend(mounts(known, volumes, "mount"));
        changes.push(about(known, "start"));
    }
    if has_lived || runs(&known.state) {
        let mut last = known.clone();
        last.state.exit_code = code.unwrap_or(137);
        last.state.finished_at.clear();
        changes.extend(ended(known, &last, volumes));
    }
    changes.push(about(known, "destroy"));
    changes
}

const SIGKILL: i32 = 9;

fn runs(state: &RecordState) -> bool {
    matches!(state.status, Status::Running | Status::Paused)
}

/// The end of a life; `now` is the record with its status.
fn ended(before: &Record, now: &Record, volumes: &Volumes) -> Vec<Change> {
    let mut changes = Vec::new();
    if now.state.oom_killed {
        changes.push(about(now, "oom"));
    }
    changes.push(died(before, now));
    changes.extend(mounts(now, volumes, "unmount"));
    changes
}

fn died(before: &Record, now: &Record) -> Change {
    let change = about(now, "die").with("exitCode", now.state.exit_code);
    let (start, end) = (nanoseconds_of(&before.state.started_at), nanoseconds_of(&now.state.finished_at));
    if start > 0 && end >= start { change.with("execDuration", (end - start) / 1_000_000_000) } else { change }
}

/// Its volumes come or go with a life.
fn mounts(record: &Record, volumes: &Volumes, action: &str) -> Vec<Change> {
    let target = |name: &str| {
        let data = volumes.data(name);
        let flags = record.flags.iter().filter_map(|flag| flag.strip_prefix("--volume="));
        let mut mounts = flags.filter_map(|flag| flag.strip_prefix(&*data.to_string_lossy())?.strip_prefix(':'));
        mounts.next().unwrap_or_default().to_string()
    };
    let change = |name: &String| {
        let change = Change::new(Kind::Volume, action, name).with("driver", "local").with("container", &record.id);
        if action == "unmount" {
            return change;
        }
        let target = target(name);
        let (target, options) = target.split_once(':').unwrap_or((&target, ""));
        let is_writable = !options.split(',').any(|option| option == "ro");
        change.with("destination", target).with("read/write", is_writable).with("propagation", "")
    };
    record.host.volumes.iter().map(change).collect()
}
