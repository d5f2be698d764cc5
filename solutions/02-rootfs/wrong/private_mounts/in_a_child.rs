//! diagnosis: nothing-changed
//! made by: whoever calls unshare(1): it moves itself and the command, not its caller.

use std::process::Command;

use anyhow::{Context, Result};

pub fn private_mounts() -> Result<()> {
    Command::new("unshare").args(["--mount", "true"]).status().context("unshare")?;
    Ok(())
}
