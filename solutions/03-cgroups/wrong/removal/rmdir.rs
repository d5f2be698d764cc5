//! diagnosis: one-try
//! made by: everybody, in the first version; on a quiet machine it mostly works.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

pub fn remove(group: &Cgroup) -> Result<()> {
    for folder in group.folders() {
        fs::remove_dir(folder).with_context(|| format!("rmdir {}", folder.display()))?;
    }
    Ok(())
}
