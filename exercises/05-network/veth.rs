//! Exercise 5.2b: connect a container to a bridge.
//!
//! A veth pair is a virtual cable. One end becomes a port of the bridge, the other end becomes the
//! container's `eth0`. Read veth(4). Check with `cargo wb check 5.2b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Context, Result};
use nix::unistd::Pid;

/// Connects the process `container`, which is in its own network namespace, to the bridge called
/// `bridge`. The end in the container is called `eth0` and is down. The other end is up.
///
/// When the container has ended, no interface of it is left, even if this function has failed.
///
/// Returns an error that names the step if the kernel refuses one.
pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    todo!("make a pair with unique names; move one end into the container, attach the other")
}
