//! diagnosis: never-told
//! made by: whoever reads under_oom: it is of this moment, and that has passed.

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn limit_memory(group: &Cgroup, bytes: u64) -> Result<()> {
    let directory = group.directory("memory")?;
    let v1 = group.version("memory")? == Version::V1;
    fs::write(directory.join(if v1 { "memory.limit_in_bytes" } else { "memory.max" }), bytes.to_string())
        .context("limit")?;
    let (swap, most) = if v1 { ("memory.memsw.limit_in_bytes", bytes) } else { ("memory.swap.max", 0) };
    if directory.join(swap).exists() {
        fs::write(directory.join(swap), most.to_string()).context("swap")?;
    }
    Ok(())
}

pub fn was_oom_killed(group: &Cgroup) -> Result<bool> {
    let directory = group.directory("memory")?;
    let v1 = group.version("memory")? == Version::V1;
    let text = fs::read_to_string(directory.join(if v1 { "memory.oom_control" } else { "memory.events" }))
        .context("events")?;
    Ok(text.lines().any(|line| line == "under_oom 1"))
}
