//! diagnosis: took-anothers
//! made by: whoever is used to mkdir -p, which never complains.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::create_dir_all(directory).context("mkdir")?;
    }
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::write(directory.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
