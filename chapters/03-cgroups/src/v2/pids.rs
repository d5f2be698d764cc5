//! `pids`, whose files are the same on v1.

use std::path::Path;

use crate::events::Events;
use crate::limits::{Limits, Pids};
use crate::setting::{Setting, field, number, read};
use crate::stats::{self, Stats};

/// The largest number of processes and threads, or `max`.
pub const MAX: &str = "pids.max";
/// How many there are.
pub const CURRENT: &str = "pids.current";
/// `max`: how many forks were refused.
pub const EVENTS: &str = "pids.events";

// ANCHOR: settings
/// The writes.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let value = |pids: &Pids| match pids {
        Pids::Most(most) => most.to_string(),
        Pids::Unlimited => "max".into(),
    };
    limits.pids.iter().map(|pids| Setting::new("--pids-limit", MAX, value(pids))).collect()
}
// ANCHOR_END: settings

/// The counters.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    stats.pids = Some(stats::Pids { current: number(directory, CURRENT).unwrap_or(0), limit: number(directory, MAX) });
}

/// What has happened.
pub fn read_events(directory: &Path, events: &mut Events) {
    events.forks_refused = field(&read(directory, EVENTS), "max").unwrap_or(0);
}
