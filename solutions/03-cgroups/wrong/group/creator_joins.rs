//! diagnosis: creator-joined
//! made by: whoever follows a blog that makes a group for the shell that one types in.

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
    join(group)?;
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::write(directory.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
