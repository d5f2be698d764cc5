//! `memory` on v2.

use std::path::Path;

use anyhow::{Result, bail};

use crate::convert::swap_alone;
use crate::events::Events;
use crate::limits::{Limits, Swap};
use crate::setting::{Setting, field, number, read, write};
use crate::stats::{Memory, Stats};
use crate::steps;
use crate::units::shown;

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
/// The same without the groups below, and without what limits above did: `oom` is how often this group's own couldn't be kept.
pub const OWN_EVENTS: &str = "memory.events.local";

/// The writes. Without swap asked for there is as much of it as of memory, as in Docker. A reservation is `memory.low`, as in runc.
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
/// v1 refuses a limit below what is in use. v2 takes it, takes back what it can, and *kills* until the rest fits. So what can
/// be taken back is taken back before, and the limit is refused if the rest doesn't fit.
pub fn make_room(folder: &Path, limit: &Setting) -> Result<()> {
    let most = limit.value.parse().unwrap_or(u64::MAX);
    let usage = || number(folder, CURRENT).unwrap_or(0);
    if usage() > most && folder.join(RECLAIM).exists() {
        // EAGAIN: not all of it could be. What counts is what is left.
        let _ = write(&steps::RECLAIM, &folder.join(RECLAIM), &usage().saturating_sub(most).to_string());
    }
    if usage() > most {
        bail!(
            "{} {} can't be applied: the container uses {}\n\
             likely cause: the kernel could not take the rest back; under such a limit it would kill\n\
             cure: free memory in the container first, or choose a higher limit",
            limit.flag,
            shown(most),
            shown(usage())
        );
    }
    Ok(())
}
// ANCHOR_END: make_room

/// The counters.
pub fn read_stats(folder: &Path, stats: &mut Stats) {
    let usage = number(folder, CURRENT).unwrap_or(0);
    let text = read(folder, STAT);
    let cache = field(&text, "file").unwrap_or(0).saturating_sub(field(&text, "shmem").unwrap_or(0));
    let swap = number(folder, SWAP_CURRENT).unwrap_or(0);
    stats.memory = Some(Memory { usage, cache, swap, limit: number(folder, MAX) });
}

/// What has happened.
pub fn read_events(folder: &Path, events: &mut Events) {
    let text = read(folder, EVENTS);
    events.memory_limit_hits = field(&text, "max").unwrap_or(0);
    events.oom_kills = field(&text, "oom_kill").unwrap_or(0);
}

/// Whether the container has come to its own limit, and nothing could be taken back.
pub fn came_to_limit(folder: &Path) -> bool {
    field(&read(folder, OWN_EVENTS), "oom").is_some_and(|times| times > 0)
}
