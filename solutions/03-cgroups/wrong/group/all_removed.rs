//! diagnosis: removed-anothers
//! made by: whoever takes back everything that group.folders() has.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        if let Err(error) = fs::create_dir(folder) {
            group.folders().iter().for_each(|folder| drop(fs::remove_dir(folder)));
            return Err(error).context("mkdir");
        }
    }
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        fs::write(folder.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
