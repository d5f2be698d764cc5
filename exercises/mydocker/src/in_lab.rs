//! Into the lab first, so that a learner who is root doesn't rename the machine.

use std::convert::Infallible;
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use lab::Lab;

use crate::arguments::{Container, HOSTNAME, IN_LAB};

/// Becomes the lab, in which this program runs again. Who is an ordinary user stays one there.
pub fn enter(container: &Container) -> Result<Infallible> {
    let own = std::env::current_exe().context("finding mydocker's own file, to start it in the lab")?;
    let mut command = Lab::as_caller().command(own);
    command.args(["run", IN_LAB, HOSTNAME, &container.hostname, "--"]).args(&container.command);
    Err(command.exec()).context("starting the lab")
}
