//! Exercise 3.4: so much memory, and who was killed for more.
//!
//! A process that needs more memory than its group may have gets no error: the kernel kills one of
//! the group. Then its exit code is 137, as after any SIGKILL.
//! Read the kernel's admin-guide/cgroup-v2 (Memory) and cgroup-v1/memory; check with `cargo wb
//! check 3.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("a limit on memory, and one on swap")
}

/// Whether the kernel has killed a process of the group because it had no memory left for it. Not,
/// whether somebody else has, nor whether the limit was hit and memory could be found.
///
/// Fails, saying what was being done, when that can't be read.
pub fn was_oom_killed(group: &Cgroup) -> Result<bool> {
    todo!("who counts kills?")
}
