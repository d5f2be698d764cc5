//! diagnosis: none
//! made by: whoever takes group.parent() for the group: all containers together get it, and
//! mydocker with them.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn limit_pids(group: &Cgroup, most: u64) -> Result<()> {
    let above = group.directory("pids")?.parent().context("a directory above")?;
    fs::write(above.join("pids.max"), (most + 20).to_string()).context("pids.max")?;
    Ok(())
}
