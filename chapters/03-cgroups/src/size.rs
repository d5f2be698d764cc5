//! How large this machine is, to tell a limit that would never be reached.

use std::fs;

use anyhow::{Context, Result};

use crate::limits::{Size, numbers};

impl Size {
    /// Of this machine.
    pub fn of_this_machine() -> Result<Size> {
        let read = |path: &str| fs::read_to_string(path).with_context(|| format!("cannot read {path}"));
        let list = |path: &str| fs::read_to_string(path).ok().and_then(|text| numbers(&text));
        let meminfo = read("/proc/meminfo")?;
        let kilobytes = |name| kilobytes_in(&meminfo, name).unwrap_or(0);
        let cpus = list("/sys/devices/system/cpu/online").context("cannot read which processors are online")?;
        Ok(Size {
            cpus,
            // A kernel without NUMA has one node.
            nodes: list("/sys/devices/system/node/online").unwrap_or_else(|| vec![0]),
            memory: kilobytes("MemTotal") * 1024,
            swap: kilobytes("SwapTotal") * 1024,
            pids: read("/proc/sys/kernel/pid_max")?.trim().parse().context("pid_max can't be read")?,
        })
    }
}

/// `MemTotal:  16318412 kB`: proc_meminfo(5).
fn kilobytes_in(meminfo: &str, name: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read_by_name() {
        assert_eq!(kilobytes_in("MemTotal:  12 kB\nSwapTotal: 0 kB\n", "MemTotal"), Some(12));
        assert_eq!(kilobytes_in("MemTotal:  12 kB\n", "Mem"), None);
    }
}
