//! diagnosis: negative-is-none
//! made by: whoever believes that the kernel refuses what makes no sense. (v2 does.)

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn limit_cpu(group: &Cgroup, cpus: f64) -> Result<()> {
    let quota = (cpus * 100_000.0) as i64;
    let directory = group.directory("cpu")?;
    match group.version("cpu")? {
        Version::V1 => {
            fs::write(directory.join("cpu.cfs_quota_us"), quota.to_string()).context("the quota")?;
        }
        Version::V2 => {
            fs::write(directory.join("cpu.max"), format!("{quota} 100000")).context("cpu.max")?;
        }
    }
    Ok(())
}
