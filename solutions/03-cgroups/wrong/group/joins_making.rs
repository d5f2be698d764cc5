//! diagnosis: none
//! made by: whoever makes sure in join that there is a group: it has no limits.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    let mut made = Vec::new();
    for directory in group.directories() {
        if let Err(error) = fs::create_dir(directory) {
            made.iter().for_each(|directory| drop(fs::remove_dir(directory)));
            return Err(error).context("mkdir");
        }
        made.push(directory);
    }
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::create_dir_all(directory).context("mkdir")?;
        fs::write(directory.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
