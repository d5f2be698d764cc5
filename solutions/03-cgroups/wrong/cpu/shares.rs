//! diagnosis: a-weight
//! made by: whoever knows docker run --cpu-shares, and takes 1024 for a processor.

use std::fs;

use anyhow::{Context, Result, ensure};
use given::{Cgroup, Version};

pub fn limit_cpu(group: &Cgroup, cpus: f64) -> Result<()> {
    ensure!(cpus > 0.0, "{cpus} processors are no limit");
    let shares = (cpus * 1024.0) as u64;
    let directory = group.directory("cpu")?;
    match group.version("cpu")? {
        Version::V1 => {
            fs::write(directory.join("cpu.shares"), shares.to_string()).context("shares")?;
        }
        Version::V2 => {
            fs::write(directory.join("cpu.weight"), (shares / 10).clamp(1, 10_000).to_string()).context("weight")?;
        }
    }
    Ok(())
}
