//! diagnosis: none
//! made by: whoever makes sure in join that there is a group: it has no limits.

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
        fs::create_dir_all(folder).context("mkdir")?;
        fs::write(folder.join("cgroup.procs"), "0").context("joining")?;
    }
    Ok(())
}
