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
/// `usage_usec`, `user_usec`, `system_usec`; with the controller also `nr_periods`, `nr_throttled`,
/// `throttled_usec`.
pub const STAT: &str = "cpu.stat";

// ANCHOR: settings
/// The writes.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let weight = limits.cpu_shares.iter().map(|shares| Setting::new("--cpu-shares", WEIGHT, cpu_weight(*shares)));
    let quota = match limits.quota {
        Some(Quota::Most(most)) => most.to_string(),
        Some(Quota::Unlimited) | None => "max".into(),
    };
    // One number alone would be the quota: the period stays.
    let max = match (limits.quota, limits.period) {
        (None, None) => None,
        (Some(_), None) => Some(quota),
        (_, Some(period)) => Some(format!("{quota} {period}")),
    };
    weight.chain(max.map(|max| Setting::new("--cpus", MAX, max))).collect()
}
// ANCHOR_END: settings

/// The quota and the period as they are now.
pub fn max_now(directory: &Path) -> Option<(Quota, u64)> {
    let text = read(directory, MAX);
    let (quota, period) = text.trim().split_once(' ')?;
    let quota = if quota == "max" { Quota::Unlimited } else { Quota::Most(quota.parse().ok()?) };
    Some((quota, period.parse().ok()?))
}

/// The counters, those of v1's cpuacct among them.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    let text = read(directory, STAT);
    let number = |name| field(&text, name).unwrap_or(0);
    stats.cpu.usage_usec = number("usage_usec");
    stats.cpu.user_usec = number("user_usec");
    stats.cpu.system_usec = number("system_usec");
    stats.cpu.periods = number("nr_periods");
    stats.cpu.throttled_periods = number("nr_throttled");
    stats.cpu.throttled_usec = number("throttled_usec");
}
