//! diagnosis: other-version
//! made by: whoever has found v2's file for threads in the manual, and is on v1.

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
        fs::write(folder.join("cgroup.threads"), "0").context("joining")?;
    }
    Ok(())
}
