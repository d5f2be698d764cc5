//! diagnosis: left-behind
//! made by: everybody, in the first version: `?` leaves in the middle.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        fs::create_dir(folder).context("mkdir")?;
    }
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        fs::write(folder.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
