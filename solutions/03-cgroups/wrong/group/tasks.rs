//! diagnosis: one-thread
//! made by: whoever learned it from an old blog on v1: echo $$ >tasks.

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
        let file = ["tasks", "cgroup.threads"].map(|name| directory.join(name)).into_iter().find(|file| file.exists());
        fs::write(file.context("no list of threads")?, "0").context("joining")?;
    }
    Ok(())
}
