//! What happens to containers, as their records tell it.

use ch06_containers::record::{LifeEnd, Record, RecordState, Status};
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
        past.push(died(record, state.end().unwrap_or_default()).at(&state.finished_at));
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
    let is_another_life = was.started_at != is.started_at && !is.started_at.is_empty();
    // A life may begin or end between two looks.
    if runs(was) && is_another_life {
        changes.extend(ended(before, is.life_before.unwrap_or_default(), volumes));
    }
    if is_another_life {
        changes.extend(mounts(now, volumes, "mount"));
        changes.push(about(now, "start"));
    }
    if (runs(was) || is_another_life) && !runs(is) {
        changes.extend(ended(now, is.end().unwrap_or_default(), volumes));
    } else if runs(was) && runs(is) && !is_another_life && was.status != is.status {
        changes.push(about(now, if is.status == Status::Paused { "pause" } else { "unpause" }));
    } else if was.status == Status::Restarting && is.status == Status::Exited {
        changes.push(about(now, "stop"));
    }
    changes
}
// ANCHOR_END: between

/// What happened to a container whose record is gone: its exit status, if it lived, is all that is
/// known of what came after the record that we know.
pub(super) fn gone(known: &Record, code: Option<u8>, volumes: &Volumes) -> Vec<Change> {
    let mut changes = Vec::new();
    let has_lived = code.is_some() && known.state.started_at.is_empty();
    if has_lived {
        changes.extend(mounts(known, volumes, "mount"));
        changes.push(about(known, "start"));
    }
    if has_lived || runs(&known.state) {
        let end = LifeEnd { exit_code: code.unwrap_or(137), ..LifeEnd::default() };
        changes.extend(ended(known, end, volumes));
    }
    changes.push(about(known, "destroy"));
    changes
}

const SIGKILL: i32 = 9;

fn runs(state: &RecordState) -> bool {
    matches!(state.status, Status::Running | Status::Paused)
}

/// The end of a life.
fn ended(record: &Record, end: LifeEnd, volumes: &Volumes) -> Vec<Change> {
    let mut changes = Vec::new();
    if end.oom_killed {
        changes.push(about(record, "oom"));
    }
    changes.push(died(record, end));
    changes.extend(mounts(record, volumes, "unmount"));
    // SIGKILL is what kill and rm --force send.
    if !matches!(end.stopped_by, 0 | SIGKILL) {
        changes.push(about(record, "stop"));
    }
    changes
}

fn died(record: &Record, end: LifeEnd) -> Change {
    let change = about(record, "die").with("exitCode", end.exit_code);
    let (started, finished) = (nanoseconds_of(&record.state.started_at), nanoseconds_of(&record.state.finished_at));
    let lived = finished - started;
    if started > 0 && lived >= 0 { change.with("execDuration", lived / 1_000_000_000) } else { change }
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

#[cfg(test)]
mod tests {
    use ch01_namespaces::StoreFlags;
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        store: StoreFlags,
    }

    fn record(status: Status, started_at: &str, end: LifeEnd, life_before: Option<LifeEnd>) -> Record {
        let LifeEnd { exit_code, stopped_by, oom_killed } = end;
        let state = RecordState {
            status,
            started_at: started_at.into(),
            exit_code,
            stopped_by,
            oom_killed,
            life_before,
            ..Default::default()
        };
        Record { state, ..Record::default() }
    }

    #[test]
    fn no_end_of_a_life_is_missed_by_who_looks_late() {
        let root = std::env::temp_dir().join(format!("changes-{}", std::process::id()));
        let flags = Flags::parse_from(["", "--root", &root.to_string_lossy()]);
        let volumes = Volumes::open(&flags.store).unwrap();
        let told = |before: Option<&Record>, now: &Record| -> Vec<String> {
            let code = |change: &Change| change.attributes.get("exitCode").cloned().unwrap_or_default();
            let changes = between(before, now, &volumes);
            changes.iter().map(|change| format!("{}{}", change.action, code(change))).collect()
        };
        let (nothing, stopped) = (LifeEnd::default(), LifeEnd { exit_code: 5, stopped_by: 15, oom_killed: false });
        let killed = LifeEnd { exit_code: 137, stopped_by: 9, oom_killed: true };
        let new = record(Status::Created, "", nothing, None);
        let first = record(Status::Running, "1", nothing, None);
        let second = record(Status::Running, "2", nothing, Some(stopped));
        assert_eq!(told(None, &new), ["create"]);
        assert_eq!(told(None, &first), ["create", "start"]);
        assert_eq!(told(Some(&first), &record(Status::Exited, "1", stopped, None)), ["die5", "stop"]);
        assert_eq!(told(Some(&first), &second), ["die5", "stop", "start"]);
        assert_eq!(told(Some(&new), &record(Status::Exited, "1", killed, None)), ["start", "oom", "die137"]);
        let last = record(Status::Exited, "2", killed, Some(stopped));
        assert_eq!(told(Some(&first), &last), ["die5", "stop", "start", "oom", "die137"]);
        assert_eq!(told(Some(&last), &last), [""; 0]);
        let rests = record(Status::Restarting, "1", nothing, None);
        assert_eq!(told(Some(&first), &rests), ["die0"]);
        assert_eq!(told(Some(&rests), &record(Status::Exited, "1", stopped, None)), ["stop"]);
        assert_eq!(told(Some(&first), &record(Status::Paused, "1", nothing, None)), ["pause"]);
        let _ = std::fs::remove_dir_all(root);
    }
}
