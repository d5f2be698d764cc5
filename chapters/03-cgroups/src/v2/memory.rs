//! `memory` on v2.

use std::path::Path;

use anyhow::{Result, bail};

use crate::convert::swap_alone;
use crate::events::{Events, Where};
use crate::limits::{Limits, Swap};
use crate::setting::{Setting, field, number, read, write};
use crate::stats::{Memory, Stats};
use crate::steps;
use crate::units::format_bytes;

/// Memory, in bytes, or `max`.
pub const MAX: &str = "memory.max";
/// Swap alone.
pub const SWAP_MAX: &str = "memory.swap.max";
/// What is left alone when the machine is short of memory.
pub const LOW: &str = "memory.low";
/// Memory in use, page cache and all.
pub const CURRENT: &str = "memory.current";
/// So many bytes are taken back (cache, or by swapping), if they can be; Linux 5.19.
pub const RECLAIM: &str = "memory.reclaim";
/// Swap in use.
pub const SWAP_CURRENT: &str = "memory.swap.current";
/// `anon`, `file` (with `shmem`: tmpfs and shared memory), and many more.
pub const STAT: &str = "memory.stat";
/// `max`: how often the limit was hit; `oom_kill`: how many the kernel has killed; and more.
pub const EVENTS: &str = "memory.events";
/// The same without the cgroups below: `oom` is how often this cgroup's own limit couldn't be kept.
pub const OWN_EVENTS: &str = "memory.events.local";

/// The writes. Without swap asked for there is as much of it as of memory, as in Docker. A
/// reservation is `memory.low`, as in runc.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let mut settings = Vec::new();
    if let Some(memory) = limits.memory {
        settings.push(Setting::new("--memory", MAX, memory));
        settings.push(match limits.memory_swap {
            Some(Swap::Total(total)) => Setting::new("--memory-swap", SWAP_MAX, swap_alone(memory, total)),
            Some(Swap::Unlimited) => Setting::new("--memory-swap", SWAP_MAX, "max"),
            None => Setting { may_be_missing: true, ..Setting::new("--memory", SWAP_MAX, memory) },
        });
    }
    settings.extend(limits.memory_reservation.iter().map(|bytes| Setting::new("--memory-reservation", LOW, bytes)));
    settings
}

// ANCHOR: make_room
/// v1 refuses a limit below what is in use. v2 takes it, takes back what it can, and *kills* until
/// the rest fits. So what can be taken back is taken back before, and the limit is refused if the
/// rest doesn't fit.
pub fn make_room(directory: &Path, limit: &Setting) -> Result<()> {
    let most = limit.value.parse().unwrap_or(u64::MAX);
    let usage = || number(directory, CURRENT).unwrap_or(0);
    if usage() > most && directory.join(RECLAIM).exists() {
        // EAGAIN: not all of it could be. What counts is what is left.
        let _ = write(&steps::RECLAIM, &directory.join(RECLAIM), &usage().saturating_sub(most).to_string());
    }
    if usage() > most {
        bail!(
            "{} {} can't be applied: the container uses {}\n\
             cause: the kernel could not take the rest back; under such a limit it would kill\n\
             cure: free memory in the container first, or choose a higher limit",
            limit.flag,
            format_bytes(most),
            format_bytes(usage())
        );
    }
    Ok(())
}
// ANCHOR_END: make_room

/// The counters.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    let usage = number(directory, CURRENT).unwrap_or(0);
    let text = read(directory, STAT);
    let cache = field(&text, "file").unwrap_or(0).saturating_sub(field(&text, "shmem").unwrap_or(0));
    let swap = number(directory, SWAP_CURRENT).unwrap_or(0);
    stats.memory = Some(Memory { usage, cache, swap, limit: number(directory, MAX) });
}

/// What has happened.
pub fn read_events(directory: &Path, events: &mut Events) {
    let text = read(directory, EVENTS);
    events.memory_limit_hits = field(&text, "max").unwrap_or(0);
    events.oom_kills = field(&text, "oom_kill").unwrap_or(0);
}

// ANCHOR: where
/// Where memory ran out. `oom` counts in the cgroup whose limit couldn't be kept, and in
/// those above it: so it is 0 in our file when the limit was above, and 0 in our *local*
/// file when it was below.
pub fn where_it_ran_out(directory: &Path) -> Where {
    let times = |file| field(&read(directory, file), "oom").unwrap_or(0);
    match (times(OWN_EVENTS), times(EVENTS)) {
        (0, 0) => Where::Above,
        (0, _) => Where::Below,
        _ => Where::Here,
    }
}
// ANCHOR_END: where

// ANCHOR: swap_in_use
/// Nor does v2 refuse a limit below the swap that is in use. It takes the number, and
/// what lies on the disk stays there.
pub fn check_swap(directory: &Path, limit: &Setting) -> Result<()> {
    let most = limit.value.parse().unwrap_or(u64::MAX);
    let in_use = number(directory, SWAP_CURRENT).unwrap_or(0);
    let is_lower = number(directory, SWAP_MAX).is_none_or(|now| most < now);
    if is_lower && in_use > most {
        bail!(
            "{} can't be applied: it leaves {} of swap, and the container uses {}\n\
             cause: memory.swap.max holds for what is swapped out from now on\n\
             cure: free memory in the container first, or choose a higher limit",
            limit.flag,
            format_bytes(most),
            format_bytes(in_use)
        );
    }
    Ok(())
}
// ANCHOR_END: swap_in_use

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_in_use_is_not_limited_away() {
        let directory = tempfile::tempdir().unwrap();
        let has = |file: &str, text: &str| std::fs::write(directory.path().join(file), text).unwrap();
        let check = |value: u64| check_swap(directory.path(), &Setting::new("--memory-swap", SWAP_MAX, value));
        has(SWAP_MAX, "max\n");
        has(SWAP_CURRENT, "20000000\n");
        let error = check(0).unwrap_err().to_string();
        assert!(error.contains("19.1M") && error.contains("free memory in the container"), "{error}");
        check(20_000_000).unwrap();
        // What holds already is not made worse.
        has(SWAP_MAX, "0\n");
        check(0).unwrap();
    }

    #[test]
    fn where_memory_ran_out_is_read_from_both_files() {
        let directory = tempfile::tempdir().unwrap();
        let found = |own: u64, all: u64| {
            std::fs::write(directory.path().join(OWN_EVENTS), format!("oom {own}\noom_kill 0\n")).unwrap();
            std::fs::write(directory.path().join(EVENTS), format!("oom {all}\noom_kill 1\n")).unwrap();
            where_it_ran_out(directory.path())
        };
        assert_eq!(
            [found(0, 0), found(0, 1), found(1, 1), found(1, 2)],
            [Where::Above, Where::Below, Where::Here, Where::Here]
        );
    }
}
