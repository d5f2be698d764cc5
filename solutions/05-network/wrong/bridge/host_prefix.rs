//! diagnosis: host-prefix
//! made by: `ip address add 10.1.1.1 dev br0`, which means /32.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use nix::errno::Errno;

pub fn bridge(name: &str, gateway: Ipv4Addr, _prefix: u8) -> Result<()> {
    match given::add_bridge(name) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).context("making the bridge"),
    }
    match given::add_address(name, gateway, 32) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).context("giving it an address"),
    }
    given::link_up(name).context("setting it up")
}
