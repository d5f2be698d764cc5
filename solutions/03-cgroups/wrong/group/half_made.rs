//! diagnosis: left-behind
//! made by: everybody, in the first version: `?` leaves in the middle.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::create_dir(directory).context("mkdir")?;
    }
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::write(directory.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
