//! diagnosis: unlinks
//! made by: whoever removes a folder in Rust: remove_dir says that it isn't empty anywhere else.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn remove(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(())
}
