//! diagnosis: nothing-changed
//! made by: whoever calls unshare(1) and mount(8) for it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    let words = ["--mount", "mount", "--rbind", "-o", "ro"];
    Command::new("unshare").args(words).arg(source).arg(target).status().context("unshare")?;
    Ok(())
}
