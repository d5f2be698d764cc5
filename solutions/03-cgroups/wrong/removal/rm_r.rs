//! diagnosis: unlinks
//! made by: whoever removes a directory in Rust: remove_dir says that it isn't empty anywhere else.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn remove(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::remove_dir_all(directory).with_context(|| format!("removing {}", directory.display()))?;
    }
    Ok(())
}
