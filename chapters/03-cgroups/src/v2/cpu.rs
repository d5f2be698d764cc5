//! `cpu` on v2.

use std::path::Path;

use crate::convert::cpu_weight;
use crate::limits::{Limits, Quota};
use crate::setting::{Setting, field, read};
use crate::stats::Stats;

/// The share when others want the processors too: 1 to 10000.
pub const WEIGHT: &str = "cpu.weight";
/// `quota period` in microseconds, or `max period`.
pub const MAX: &str = "cpu.max";
/// `usage_usec`, `user_usec`, `system_usec`; with the controller also `nr_periods`, `nr_throttled`, `throttled_usec`.
pub const STAT: &str = "cpu.stat";

// ANCHOR: settings
/// The writes.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let weight = limits.cpu_shares.iter().map(|shares| Setting::new("--cpu-shares", WEIGHT, cpu_weight(*shares)));
    let max =
        limits.quota.iter().map(|Quota { quota, period }| Setting::new("--cpus", MAX, format!("{quota} {period}")));
    weight.chain(max).collect()
}
// ANCHOR_END: settings

/// The counters, those of v1's cpuacct among them.
pub fn read_stats(folder: &Path, stats: &mut Stats) {
    let text = read(folder, STAT);
    let number = |name| field(&text, name).unwrap_or(0);
    stats.cpu.usage_usec = number("usage_usec");
    stats.cpu.user_usec = number("user_usec");
    stats.cpu.system_usec = number("system_usec");
    stats.cpu.periods = number("nr_periods");
    stats.cpu.throttled_periods = number("nr_throttled");
    stats.cpu.throttled_usec = number("throttled_usec");
}
