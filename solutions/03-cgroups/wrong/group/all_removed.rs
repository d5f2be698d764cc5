//! diagnosis: removed-anothers
//! made by: whoever takes back everything that group.directories() has.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        if let Err(error) = fs::create_dir(directory) {
            group.directories().iter().for_each(|directory| drop(fs::remove_dir(directory)));
            return Err(error).context("mkdir");
        }
    }
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::write(directory.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
