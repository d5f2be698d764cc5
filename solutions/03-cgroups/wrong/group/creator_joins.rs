//! diagnosis: creator-joined
//! made by: whoever follows a blog that makes a group for the shell that one types in.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn create(group: &Cgroup) -> Result<()> {
    let mut made = Vec::new();
    for folder in group.folders() {
        if let Err(error) = fs::create_dir(folder) {
            made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
            return Err(error).context("mkdir");
        }
        made.push(folder);
    }
    join(group)?;
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        fs::write(folder.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
