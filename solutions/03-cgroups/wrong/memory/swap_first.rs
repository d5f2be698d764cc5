//! diagnosis: swap-first
//! made by: whoever sets the limits in the order of the alphabet; v2 doesn't mind.

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn limit_memory(group: &Cgroup, bytes: u64) -> Result<()> {
    let directory = group.directory("memory")?;
    let (limit, swap, most) = match group.version("memory")? {
        Version::V1 => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", bytes),
        Version::V2 => ("memory.max", "memory.swap.max", 0),
    };
    if directory.join(swap).exists() {
        fs::write(directory.join(swap), most.to_string()).context("swap")?;
    }
    fs::write(directory.join(limit), bytes.to_string()).context("limit")?;
    Ok(())
}

pub fn was_oom_killed(group: &Cgroup) -> Result<bool> {
    let directory = group.directory("memory")?;
    let file = match group.version("memory")? {
        Version::V1 => "memory.oom_control",
        Version::V2 => "memory.events",
    };
    let text = fs::read_to_string(directory.join(file)).context("events")?;
    Ok(text.lines().any(|line| line.starts_with("oom_kill ") && line != "oom_kill 0"))
}
