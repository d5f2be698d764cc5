//! Into the lab first, so that a learner who is root doesn't rename the machine.

use std::convert::Infallible;
use std::env;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};
use lab::Lab;

use crate::arguments::{Container, IN_LAB};
use crate::store::store;

/// Becomes the lab, in which this program runs again, with the same command line and `--in-lab`.
/// Who is an ordinary user stays one there. Of this machine's directories only volumes may be
/// written to, unless they are read-only; and the store of images and containers, if it needs one.
/// The listeners go with it: they stay on this machine's ports.
pub fn enter(container: &Container, listeners: &[TcpListener]) -> Result<Infallible> {
    let own = env::current_exe().context("finding mydocker's own file, to start it in the lab")?;
    let mut words = env::args_os().skip(1);
    let lab = if container.is_limited() { Lab::as_caller().own_cgroups() } else { Lab::as_caller() };
    let lab = container.volumes.iter().fold(lab, |lab, volume| match volume.read_only {
        true => lab.visible(&volume.source),
        false => lab.writable(&volume.source),
    });
    let lab = if container.image.is_some() { lab.writable(store()?.top()) } else { lab };
    let mut command = lab.command(own);
    let numbers: Vec<String> = listeners
        .iter()
        .map(|listener| given::leave_open(listener).map(|number| number.to_string()))
        .collect::<Result<_>>()?;
    command.args(words.next()).arg(format!("{IN_LAB}={}", numbers.join(","))).args(words);
    Err(command.exec()).context("starting the lab")
}
