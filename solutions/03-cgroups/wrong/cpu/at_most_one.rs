//! diagnosis: whole-processors
//! made by: whoever takes the period for the most that a quota can be.

use std::fs;

use anyhow::{Context, Result, ensure};
use given::{Cgroup, Version};

pub fn limit_cpu(group: &Cgroup, cpus: f64) -> Result<()> {
    ensure!(cpus > 0.0, "{cpus} processors are no limit");
    let quota = (cpus.min(1.0) * 100_000.0) as i64;
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
