//! diagnosis: nothing-changed
//! made by: shell habits: nsenter is a command, and moves the shell that it starts.

use std::process::Command;

use anyhow::{Context, Result};
use nix::unistd::Pid;

pub fn join(container: Pid) -> Result<()> {
    let target = container.to_string();
    Command::new("nsenter").args(["--all", "--target", &target, "true"]).status().context("nsenter")?;
    Ok(())
}
