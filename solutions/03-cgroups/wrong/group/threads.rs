//! diagnosis: other-version
//! made by: whoever has found v2's file for threads in the manual, and is on v1.

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
        fs::write(directory.join("cgroup.threads"), "0").context("joining")?;
    }
    Ok(())
}
