//! diagnosis: nothing-changed
//! made by: whoever starts a program for it: that one has another root, and its caller not.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

pub fn pivot_into(root: &Path) -> Result<()> {
    Command::new("unshare").arg("--root").arg(root).arg("true").status().context("unshare")?;
    Ok(())
}
