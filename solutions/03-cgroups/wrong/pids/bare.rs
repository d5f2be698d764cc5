//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::fs;

use anyhow::Result;
use given::Cgroup;

pub fn limit_pids(group: &Cgroup, most: u64) -> Result<()> {
    fs::write(group.directory("pids")?.join("pids.max"), most.to_string())?;
    Ok(())
}
