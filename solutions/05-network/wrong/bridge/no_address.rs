//! diagnosis: no-address
//! made by: a bridge as on a page about virtual machines, where it is a switch and nothing else.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use nix::errno::Errno;

pub fn bridge(name: &str, _gateway: Ipv4Addr, _prefix: u8) -> Result<()> {
    match given::add_bridge(name) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).context("making the bridge"),
    }
    given::link_up(name).context("setting it up")
}
