//! diagnosis: nothing-changed
//! made by: whoever calls a shell for it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

pub fn pivot_into(root: &Path) -> Result<()> {
    Command::new("chroot").arg(root).arg("true").status().context("chroot")?;
    Ok(())
}
