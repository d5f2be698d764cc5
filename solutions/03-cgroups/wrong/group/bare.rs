//! diagnosis: bare-errno
//! made by: every first version with `?`: a user reads "No such file or directory (os error 2)".

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
    Ok(())
}

pub fn join(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        fs::write(folder.join("cgroup.procs"), "0")?;
    }
    Ok(())
}
