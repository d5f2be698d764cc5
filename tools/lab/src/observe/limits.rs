//! The limits that hold a process in a lab, and by which means.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{fields, ids, mountinfo};
use crate::hierarchies::hierarchies;
use crate::leftovers::PREFIX;

/// By which means a limit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// All processes of the lab together, whoever they are.
    Cgroup,
    /// Each process (memory), or all of the user's in the lab's user namespace (processes).
    Rlimit,
}

/// Limits in force; `None` where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InForce {
    /// In bytes.
    pub memory: Option<(By, u64)>,
    pub processes: Option<(By, u64)>,
}

/// The limits of a lab's program. A limit on processes by rlimit counts only where it binds: not
/// for the machine's root.
pub fn limits(pid: i32) -> Result<InForce> {
    let rlimits = fields::read(pid, "limits")?;
    let mut in_force = InForce {
        memory: rlimit(&rlimits, "Max address space").map(|bytes| (By::Rlimit, bytes)),
        processes: rlimit(&rlimits, "Max processes")
            .filter(|_| !is_machines_root(pid))
            .map(|number| (By::Rlimit, number)),
    };
    let mounts = mountinfo(std::process::id() as i32)?;
    for hierarchy in hierarchies(&fields::read(pid, "cgroup")?, &mounts) {
        // The lab's own cgroup, if it is in one: the program may be in one below.
        let is_labs =
            |directory: &&Path| directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        let Some(directory) = hierarchy.directory.ancestors().find(is_labs) else { continue };
        let number = |file: &str| fs::read_to_string(directory.join(file)).ok()?.trim().parse::<u64>().ok();
        // v1 says "no limit" by a number near 2^63.
        let memory = number("memory.max").or_else(|| number("memory.limit_in_bytes")).filter(|bytes| *bytes < 1 << 62);
        in_force.memory = memory.map(|bytes| (By::Cgroup, bytes)).or(in_force.memory);
        // Without the lab's PID 1.
        in_force.processes = number("pids.max").map(|number| (By::Cgroup, number - 1)).or(in_force.processes);
    }
    Ok(in_force)
}

/// In the machine's first user namespace, where all ids are mapped; of labs, only root's is.
fn is_machines_root(pid: i32) -> bool {
    ids::uid_map(pid).is_ok_and(|map| map.iter().any(|range| range.length == u32::MAX))
}

/// The soft limit in /proc/PID/limits (proc_pid_limits(5)); `None` when unlimited.
fn rlimit(limits: &str, name: &str) -> Option<u64> {
    limits
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_found_by_its_name_and_unlimited_is_none() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max processes             64                   64                   processes\n\
                      Max address space         unlimited            unlimited            bytes\n";
        assert_eq!(rlimit(limits, "Max processes"), Some(64));
        assert_eq!(rlimit(limits, "Max address space"), None);
    }
}
