//! diagnosis: no-namespace
//! made by: shell habits: `unshare --map-root-user` makes the command root that it starts, and
//! nobody else.

use std::process::Command;

use anyhow::{Context, Result};

pub fn become_root() -> Result<()> {
    Command::new("unshare").args(["--user", "--map-root-user", "true"]).status().context("unshare --user")?;
    Ok(())
}
