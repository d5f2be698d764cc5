//! diagnosis: swallowed-the-error
//! made by: whoever silences the compiler's "unused Result" with `let _ =`.

use std::fs;

use anyhow::{Result, ensure};
use given::{Cgroup, Version};

pub fn limit_cpu(group: &Cgroup, cpus: f64) -> Result<()> {
    ensure!(cpus > 0.0, "{cpus} processors are no limit");
    let quota = (cpus * 100_000.0) as i64;
    let directory = group.directory("cpu")?;
    match group.version("cpu")? {
        Version::V1 => {
            let _ = fs::write(directory.join("cpu.cfs_quota_us"), quota.to_string());
        }
        Version::V2 => {
            let _ = fs::write(directory.join("cpu.max"), format!("{quota} 100000"));
        }
    }
    Ok(())
}
