//! diagnosis: only-once
//! made by: every first version: it works until the second container.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    given::add_bridge(name).context("making the bridge")?;
    given::add_address(name, gateway, prefix).context("giving it an address")?;
    given::link_up(name).context("setting it up")
}
