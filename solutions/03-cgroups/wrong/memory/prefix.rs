//! diagnosis: no-count
//! made by: whoever looks for the line that begins with oom_kill: v1 has another one before it. (On
//! v2 it is right.)

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn limit_memory(group: &Cgroup, bytes: u64) -> Result<()> {
    let directory = group.directory("memory")?;
    let (limit, swap, most) = match group.version("memory")? {
        Version::V1 => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", bytes),
        Version::V2 => ("memory.max", "memory.swap.max", 0),
    };
    fs::write(directory.join(limit), bytes.to_string()).context("limit")?;
    if directory.join(swap).exists() {
        fs::write(directory.join(swap), most.to_string()).context("swap")?;
    }
    Ok(())
}

pub fn was_oom_killed(group: &Cgroup) -> Result<bool> {
    let directory = group.directory("memory")?;
    let file = match group.version("memory")? {
        Version::V1 => "memory.oom_control",
        Version::V2 => "memory.events",
    };
    let text = fs::read_to_string(directory.join(file)).context("events")?;
    let kills = text.lines().find_map(|line| line.strip_prefix("oom_kill")).context("no line oom_kill")?;
    let kills: u64 = kills.trim().parse().with_context(|| format!("\"{kills}\" is no number"))?;
    Ok(kills > 0)
}
