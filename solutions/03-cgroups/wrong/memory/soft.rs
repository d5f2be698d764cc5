//! diagnosis: no-limit
//! made by: whoever takes Docker's --memory-reservation for its --memory.

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn limit_memory(group: &Cgroup, bytes: u64) -> Result<()> {
    let directory = group.directory("memory")?;
    let v1 = group.version("memory")? == Version::V1;
    let file = if v1 { "memory.soft_limit_in_bytes" } else { "memory.low" };
    fs::write(directory.join(file), bytes.to_string()).context("limit")?;
    Ok(())
}

pub fn was_oom_killed(group: &Cgroup) -> Result<bool> {
    let directory = group.directory("memory")?;
    let v1 = group.version("memory")? == Version::V1;
    let text = fs::read_to_string(directory.join(if v1 { "memory.oom_control" } else { "memory.events" }))
        .context("events")?;
    Ok(text.lines().any(|line| line.starts_with("oom_kill ") && line != "oom_kill 0"))
}
