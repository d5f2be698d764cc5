//! diagnosis: half-made
//! made by: "if it's there, there is nothing to do"; PITFALLS.md: killed in between.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use nix::errno::Errno;

pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    match given::add_bridge(name) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Ok(()),
        Err(errno) => return Err(errno).context("making the bridge"),
    }
    given::add_address(name, gateway, prefix).context("giving it an address")?;
    given::link_up(name).context("setting it up")
}
