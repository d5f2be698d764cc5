//! Exercise 3.4: so much memory, and who was killed for more.
//!
//! A process that needs more memory than its group may have gets no error: the kernel kills one of
//! the group. Then its exit code is 137, as after any SIGKILL.
//! Read the kernel's admin-guide/cgroup-v2 (Memory) and cgroup-v1/memory; check with `cargo wb
//! check 3.4`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

/// Lets the processes of the group together use `bytes` of memory, and no swap beyond that. (Where
/// the kernel doesn't count swap by group, it can't be limited; that is no error.) The group has no
/// limit yet.
///
/// Fails, saying what was being done, when the kernel refuses it.
///
/// Given are `group.directory("memory") -> Result<&Path>`, and `group.version("memory") ->
/// Result<Version>`, which is `Version::V1` or `Version::V2`.
pub fn limit_memory(group: &Cgroup, bytes: u64) -> Result<()> {
    // wb:answer
    let directory = group.directory("memory")?;
    let (limit, swap, most) = match group.version("memory")? {
        // Memory and swap together, and never below the limit on memory: so that one comes first.
        Version::V1 => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", bytes),
        // Of swap alone.
        Version::V2 => ("memory.max", "memory.swap.max", 0),
    };
    write(&directory.join(limit), bytes)?;
    let swap = directory.join(swap);
    if swap.exists() { write(&swap, most) } else { Ok(()) }
    // wb:starter
    // todo!("a limit on memory, and one on swap")
    // wb:end
}

/// Whether the kernel has killed a process of the group because it had no memory left for it. Not,
/// whether somebody else has, nor whether the limit was hit and memory could be found.
///
/// Fails, saying what was being done, when that can't be read.
pub fn was_oom_killed(group: &Cgroup) -> Result<bool> {
    // wb:answer
    let file = match group.version("memory")? {
        Version::V1 => "memory.oom_control",
        Version::V2 => "memory.events",
    };
    let file = group.directory("memory")?.join(file);
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let kills = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    let kills = kills.with_context(|| format!("no line oom_kill in {}", file.display()))?;
    Ok(kills != "0")
    // wb:starter
    // todo!("who counts kills?")
    // wb:end
}
// wb:answer

fn write(file: &Path, number: u64) -> Result<()> {
    fs::write(file, number.to_string()).with_context(|| format!("writing {number} to {}", file.display()))
}
// wb:end
