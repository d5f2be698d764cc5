//! diagnosis: one-try
//! made by: everybody, in the first version; on a quiet machine it mostly works.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn remove(group: &Cgroup) -> Result<()> {
    for directory in group.directories() {
        fs::remove_dir(directory).with_context(|| format!("rmdir {}", directory.display()))?;
    }
    Ok(())
}
