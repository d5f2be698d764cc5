//! `memory` on v1: Documentation/admin-guide/cgroup-v1/memory.rst.

use std::path::Path;

use crate::events::{Events, Where};
use crate::limits::{Limits, Swap};
use crate::setting::{Setting, field, number, read};
use crate::stats::{Memory, Stats};

/// Memory, in bytes; -1 is no limit.
pub const LIMIT: &str = "memory.limit_in_bytes";
/// Memory and swap together. Never below [`LIMIT`].
pub const MEMORY_AND_SWAP: &str = "memory.memsw.limit_in_bytes";
/// What the cgroup is pushed back to when the machine is short of memory.
pub const SOFT_LIMIT: &str = "memory.soft_limit_in_bytes";
/// Memory in use, page cache and all.
pub const USAGE: &str = "memory.usage_in_bytes";
/// The most that was ever in use, and the same for memory and swap together.
pub const PEAKS: [&str; 2] = ["memory.max_usage_in_bytes", "memory.memsw.max_usage_in_bytes"];
/// Memory and swap in use.
pub const MEMORY_AND_SWAP_USAGE: &str = "memory.memsw.usage_in_bytes";
/// `cache` (with `shmem`: tmpfs and shared memory), `rss`, and many more; `total_…` is with the
/// cgroups below.
pub const STAT: &str = "memory.stat";
/// How often the limit was hit, whether memory could then be taken back or not.
pub const FAIL_COUNT: &str = "memory.failcnt";
/// The same for memory and swap together.
pub const MEMORY_AND_SWAP_FAIL_COUNT: &str = "memory.memsw.failcnt";
/// `oom_kill_disable`, `under_oom`, `oom_kill`: how many the kernel has killed.
pub const OOM_CONTROL: &str = "memory.oom_control";

/// v1 says "no limit" by the largest number of pages.
pub const NO_LIMIT: u64 = 1 << 62;

// ANCHOR: settings
/// The writes. Without swap asked for there is as much of it as of memory, as in Docker.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let mut settings = Vec::new();
    if let Some(memory) = limits.memory {
        settings.push(Setting::new("--memory", LIMIT, memory));
        settings.push(match limits.memory_swap {
            Some(Swap::Total(total)) => Setting::new("--memory-swap", MEMORY_AND_SWAP, total),
            Some(Swap::Unlimited) => Setting::new("--memory-swap", MEMORY_AND_SWAP, -1),
            None => {
                Setting { may_be_missing: true, ..Setting::new("--memory", MEMORY_AND_SWAP, memory.saturating_mul(2)) }
            }
        });
    }
    settings
        .extend(limits.memory_reservation.iter().map(|bytes| Setting::new("--memory-reservation", SOFT_LIMIT, bytes)));
    settings
}
// ANCHOR_END: settings

/// The counters.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    let text = read(directory, STAT);
    let usage = number(directory, USAGE).unwrap_or(0);
    let with_those_below = |name| field(&text, &format!("total_{name}")).or_else(|| field(&text, name)).unwrap_or(0);
    let cache = with_those_below("cache").saturating_sub(with_those_below("shmem"));
    let swap = number(directory, MEMORY_AND_SWAP_USAGE).map_or(0, |both| both.saturating_sub(usage));
    let limit = number(directory, LIMIT).filter(|limit| *limit < NO_LIMIT);
    stats.memory = Some(Memory { usage, cache, swap, limit });
}

/// What has happened.
pub fn read_events(directory: &Path, events: &mut Events) {
    let hits = [FAIL_COUNT, MEMORY_AND_SWAP_FAIL_COUNT].map(|file| number(directory, file).unwrap_or(0));
    events.memory_limit_hits = hits.iter().sum();
    events.oom_kills = field(&read(directory, OOM_CONTROL), "oom_kill").unwrap_or(0);
}

/// Where memory ran out. A cgroup's own counter doesn't have what happened below it.
pub fn where_it_ran_out(directory: &Path) -> Where {
    if came_to_limit(directory) { Where::Here } else { Where::Above }
}

/// How many were killed in the cgroups below: on v1 each cgroup counts by itself.
pub fn kills_below(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let below = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    let kills = |directory: &Path| field(&read(directory, OOM_CONTROL), "oom_kill").unwrap_or(0);
    below.into_iter().map(|directory| kills(&directory) + kills_below(&directory)).sum()
}

/// Whether the container has come to its own limit. v1 doesn't say at which limit somebody was
/// killed, nor counts every failure ([`FAIL_COUNT`]); but only what comes to its limit uses as much
/// as that, less a request that didn't fit any more.
fn came_to_limit(directory: &Path) -> bool {
    const REQUEST: u64 = 64 << 10;
    PEAKS.into_iter().zip([LIMIT, MEMORY_AND_SWAP]).any(|(peak, limit)| {
        let limit = number(directory, limit).filter(|limit| *limit < NO_LIMIT);
        number(directory, peak).zip(limit).is_some_and(|(peak, limit)| peak + REQUEST >= limit)
    })
}
