//! `cpuacct` on v1: Documentation/admin-guide/cgroup-v1/cpuacct.rst.

use std::path::Path;

use crate::setting::number;
use crate::stats::Stats;

/// Processor time used, in nanoseconds.
pub const USAGE: &str = "cpuacct.usage";
/// The part of it spent in the kernel, in nanoseconds.
pub const USAGE_SYS: &str = "cpuacct.usage_sys";

/// The counters.
pub fn read_stats(directory: &Path, stats: &mut Stats) {
    let usage = number(directory, USAGE).unwrap_or(0) / 1000;
    let system = number(directory, USAGE_SYS).unwrap_or(0) / 1000;
    (stats.cpu.usage_usec, stats.cpu.system_usec) = (usage, system);
    stats.cpu.user_usec = usage.saturating_sub(system);
}
