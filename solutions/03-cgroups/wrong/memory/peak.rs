//! diagnosis: hit-is-not-killed
//! made by: whoever concludes from the peak: whoever was killed for memory had reached the limit.

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
    let (peak, limit) =
        if v1 { ("memory.max_usage_in_bytes", "memory.limit_in_bytes") } else { ("memory.peak", "memory.max") };
    let number = |file: &str| -> Result<u64> {
        let text = fs::read_to_string(directory.join(file)).context("how much")?;
        text.trim().parse().context("a number")
    };
    // The kernel charges in batches.
    Ok(number(peak)? + (256 << 10) >= number(limit)?)
}
