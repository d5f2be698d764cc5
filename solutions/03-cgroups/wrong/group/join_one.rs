//! diagnosis: one-tree
//! made by: whoever needs a limit on processes, and joins the tree that has it.

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
    fs::write(group.folder("pids")?.join("cgroup.procs"), "0").context("joining")?;
    Ok(())
}
