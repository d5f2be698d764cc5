//! diagnosis: one-tree
//! made by: whoever needs a limit on processes, and joins the tree that has it.

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
    fs::write(group.directory("pids")?.join("cgroup.procs"), "0").context("joining")?;
    Ok(())
}
