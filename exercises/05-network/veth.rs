//! Exercise 5.2b: a cable into the container.
//!
//! A veth pair is a cable. One end is plugged into the bridge, the other one is the container's
//! `eth0`. Read veth(4); check with `cargo wb check 5.2b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Context, Result};
use nix::unistd::Pid;

/// Connects the process `container`, which is in a network namespace of its own, to the bridge
/// called `bridge`. In the container the cable's end is called `eth0`, and is down. The other end
/// is up.
///
/// When the container ends, no interface of it is left, also if this has failed.
///
/// Fails, saying which step failed, when the kernel refuses one.
pub fn plug_in(container: Pid, bridge: &str) -> Result<()> {
    todo!("a pair with names of its own; one end goes inside, the other one into the bridge")
}
