//! Exercise 5.2a: make a bridge.
//!
//! A bridge is a switch for containers, and also an interface of the host. Its address is the
//! containers' gateway. Many containers use the same bridge. Read ip-link(8). Check with `cargo wb
//! check 5.2a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use nix::errno::Errno;

/// Makes a bridge called `name` that is up and has the address `gateway` with this `prefix` length.
/// If the bridge exists, it stays. If it has no address, or is down, the function completes it.
///
/// Returns an error that names the step if the kernel refuses one. (A name has at most 15 bytes.)
pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    todo!("three messages: make the bridge, add its address, set it up; EEXIST is not an error")
}
