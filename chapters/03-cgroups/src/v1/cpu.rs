//! `cpu` on v1: Documentation/scheduler/sched-bwc.rst.

use std::path::Path;

use crate::limits::{Limits, Quota};
use crate::setting::{Setting, field, read};
use crate::stats::Stats;

/// The share when others want the processors too: 2 to 262144.
pub const SHARES: &str = "cpu.shares";
/// Microseconds of processor time in each period; -1 is no limit.
pub const QUOTA: &str = "cpu.cfs_quota_us";
/// The length of a period, in microseconds.
pub const PERIOD: &str = "cpu.cfs_period_us";
/// `nr_periods`, `nr_throttled`, `throttled_time` (in nanoseconds).
pub const STAT: &str = "cpu.stat";

// ANCHOR: settings
/// The writes.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let mut settings: Vec<_> =
        limits.cpu_shares.iter().map(|shares| Setting::new("--cpu-shares", SHARES, shares)).collect();
    if let Some(Quota { quota, period }) = limits.quota {
        settings.push(Setting::new("--cpus", PERIOD, period));
        settings.push(Setting::new("--cpus", QUOTA, quota));
    }
    settings
}
// ANCHOR_END: settings

/// The counters.
pub fn read_stats(folder: &Path, stats: &mut Stats) {
    let text = read(folder, STAT);
    stats.cpu.periods = field(&text, "nr_periods").unwrap_or(0);
    stats.cpu.throttled_periods = field(&text, "nr_throttled").unwrap_or(0);
    stats.cpu.throttled_usec = field(&text, "throttled_time").unwrap_or(0) / 1000;
}
