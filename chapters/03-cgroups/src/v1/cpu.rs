//! `cpu` on v1: Documentation/scheduler/sched-bwc.rst.

use std::path::Path;

use crate::limits::{Limits, Quota};
use crate::setting::{Setting, field, number, read};
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
    settings.extend(limits.period.map(|period| Setting::new("--cpu-period", PERIOD, period)));
    settings.extend(limits.quota.map(|quota| match quota {
        Quota::Most(most) => Setting::new("--cpus", QUOTA, most),
        Quota::Unlimited => Setting::new("--cpu-quota", QUOTA, -1),
    }));
    settings
}
// ANCHOR_END: settings

/// The quota as it is now.
pub fn quota_now(directory: &Path) -> Option<Quota> {
    // -1 is no number of microseconds.
    directory.join(QUOTA).exists().then(|| number(directory, QUOTA).map_or(Quota::Unlimited, Quota::Most))
}

/// The counters.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    let text = read(directory, STAT);
    stats.cpu.periods = field(&text, "nr_periods").unwrap_or(0);
    stats.cpu.throttled_periods = field(&text, "nr_throttled").unwrap_or(0);
    stats.cpu.throttled_usec = field(&text, "throttled_time").unwrap_or(0) / 1000;
}
