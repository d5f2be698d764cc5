//! diagnosis: no-route
//! made by: a test with ping, to the gateway.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

pub fn configure(address: Ipv4Addr, prefix: u8, _gateway: Ipv4Addr) -> Result<()> {
    given::add_address("eth0", address, prefix).context("giving eth0 an address")?;
    given::link_up("eth0").context("setting eth0 up")
}
