//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::namespaces::{besides, list};
use checker::{Heard, Judgement, Mistake, Outcome};
use lab::look::Mount;

use super::look::{Refused, Seen};
use super::mistakes::*;
use crate::view::{refused, unless_failed};

const OWN: &str = "the process is in a mount namespace of its own, and in no other one that is new";
const PRIVATE: &str = "every mount in it is private";
const NO_LEAK: &str = "what it mounts then isn't seen on the host, and what it unmounts is still there";
const HOST_KEPT: &str = "the host's mounts are shared as they were";
const REFUSED: &str = "who may not do it gets an error that says what was refused";

pub fn judge(seen: &Seen, nobody: &Refused) -> Judgement {
    let outcomes = vec![
        own(seen),
        private(seen),
        no_leak(seen),
        host_kept(seen),
        refused(REFUSED, &nobody.heard, nobody.alive, !nobody.moved, "it has left the host's mount namespace"),
    ];
    // Not of the run that is refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(seen, nobody), [&seen.printed])
}

fn outcome(claim: &'static str, seen: &Seen, holds: bool, expected: &str, observed: String) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && holds;
    Outcome::of(claim, holds, expected, unless_failed(&seen.heard, seen.alive, observed))
}

fn own(seen: &Seen) -> Outcome {
    let others = besides(&seen.left, "mnt");
    let observed = match others[..] {
        _ if !seen.own_table => "the process is in the host's".to_string(),
        [] => "it is".to_string(),
        _ => format!("it is, and it has also left: {}", list(&others)),
    };
    let expected = "of the files in /proc/PID/ns only mnt isn't the host's";
    outcome(OWN, seen, seen.own_table && others.is_empty(), expected, observed)
}

fn private(seen: &Seen) -> Outcome {
    let connected = seen.connected();
    let holds = seen.own_table && !seen.table.is_empty() && connected.is_empty();
    let observed = match &connected[..] {
        [] if seen.own_table => "they are".to_string(),
        [] => "they are, and they are the host's".to_string(),
        [first, ..] => format!("{} of {} aren't; {}", connected.len(), seen.table.len(), in_words(first)),
    };
    outcome(PRIVATE, seen, holds, "in /proc/PID/mountinfo no mount is shared:N, or master:N", observed)
}

/// `/ is shared:7`
fn in_words(mount: &Mount) -> String {
    let propagation = &mount.propagation;
    let kind = match (propagation.shared, propagation.master) {
        (Some(group), _) => format!("shared:{group}"),
        (None, Some(group)) => format!("master:{group}"),
        _ => "unbindable".to_string(),
    };
    format!("{} is {kind}", mount.mount_point.display())
}

fn no_leak(seen: &Seen) -> Outcome {
    let observed = match (seen.leaked(), seen.took_away()) {
        (true, true) => "the container's mount is on the host, and the host's own is gone",
        (true, false) => "the container's mount is on the host",
        (false, true) => "the host's own mount is gone",
        (false, false) if seen.mounted() => "nothing of it",
        (false, false) => "nothing could be mounted in the container",
    };
    let holds = !seen.leaked() && !seen.took_away() && seen.mounted();
    outcome(NO_LEAK, seen, holds, "the host's mount table, as it was", observed.into())
}

fn host_kept(seen: &Seen) -> Outcome {
    let changed = seen.changed_on_host();
    let observed = match &changed[..] {
        [] => "they are".to_string(),
        [first, ..] => {
            let now = if first.is_private() { "private now" } else { "another now" };
            format!("{} of them are {now}, {} for one", changed.len(), first.mount_point.display())
        }
    };
    outcome(HOST_KEPT, seen, changed.is_empty(), "each mount's propagation, as it was", observed)
}

/// The mistake that fits everything that was seen.
fn mistake(seen: &Seen, nobody: &Refused) -> Option<&'static Mistake> {
    if !seen.alive || seen.heard != Heard::Ok {
        return None;
    }
    let host_changed = !seen.changed_on_host().is_empty();
    let connected = seen.connected();
    let all_shared = seen.table.iter().all(|mount| mount.propagation.shared.is_some());
    let none_shared = connected.iter().all(|mount| mount.propagation.shared.is_none());
    match () {
        () if !seen.own_table && host_changed => Some(&NEVER_LEFT),
        () if !seen.own_table => Some(&NOTHING_CHANGED),
        () if host_changed && connected.is_empty() => Some(&CHANGED_THE_HOST),
        () if host_changed => None,
        // What it has unmounted itself is missing, and what it has mounted took after what it lies on.
        () if all_shared && seen.leaked() => Some(&STILL_SHARED),
        () if !connected.is_empty()
            && connected.iter().all(|mount| mount.propagation.master.is_some())
            && none_shared =>
        {
            Some(&STILL_LISTENS)
        }
        () if seen.leaked() => Some(&NOT_ALL),
        () if !connected.is_empty() || seen.took_away() || !seen.mounted() => None,
        () if seen.left.contains(&"user") => Some(&ANOTHER_USER_NAMESPACE),
        () if nobody.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if nobody.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests;
