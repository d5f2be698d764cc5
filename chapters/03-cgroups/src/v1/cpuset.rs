//! `cpuset` on v1: cpuset(7).

use std::path::Path;

use anyhow::Result;

use crate::limits::Limits;
use crate::setting::{Setting, read, write};
use crate::steps;

/// Processors: a list such as `0-2,4`.
pub const CPUS: &str = "cpuset.cpus";
/// Memory nodes, likewise.
pub const MEMS: &str = "cpuset.mems";

/// The writes.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let cpus = limits.cpuset_cpus.iter().map(|list| Setting::new("--cpuset-cpus", CPUS, list));
    cpus.chain(limits.cpuset_mems.iter().map(|list| Setting::new("--cpuset-mems", MEMS, list))).collect()
}

/// In a new v1 cgroup both lists are empty, and then nothing may join it (ENOSPC): it gets its
/// parent's.
pub fn inherit(directory: &Path) -> Result<()> {
    let Some(parent) = directory.parent() else { return Ok(()) };
    [CPUS, MEMS].iter().try_for_each(|file| {
        if !read(directory, file).trim().is_empty() {
            return Ok(());
        }
        write(&steps::INHERIT_CPUSET, &directory.join(file), read(parent, file).trim())
    })
}
