//! diagnosis: none
//! made by: whoever takes group.parent() for the group. The limit would bind mydocker, and each
//! container of it.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn limit_cpu(group: &Cgroup, cpus: f64) -> Result<()> {
    let above = group.directory("cpu")?.parent().context("a directory above")?;
    let quota = (cpus * 100_000.0) as i64;
    fs::write(above.join("cpu.cfs_quota_us"), quota.to_string()).context("the quota")?;
    Ok(())
}
