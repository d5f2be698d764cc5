//! diagnosis: down
//! made by: whoever takes "made" for "works".

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use nix::errno::Errno;

pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    match given::add_bridge(name) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).context("making the bridge"),
    }
    match given::add_address(name, gateway, prefix) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno).context("giving it an address"),
    }
}
