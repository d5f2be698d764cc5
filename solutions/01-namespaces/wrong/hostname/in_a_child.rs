//! diagnosis: nothing-changed
//! made by: shell habits: `unshare` and `hostname` as commands change the child that runs them, and
//! it is gone.

use std::process::Command;

use anyhow::{Context, Result};

pub fn own_hostname(name: &str) -> Result<()> {
    Command::new("unshare").args(["--uts", "hostname", name]).status().context("unshare --uts hostname")?;
    Ok(())
}
