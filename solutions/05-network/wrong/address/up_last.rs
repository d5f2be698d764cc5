//! diagnosis: too-early
//! made by: whoever switches on when all is prepared.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

pub fn configure(address: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> Result<()> {
    given::add_address("eth0", address, prefix).context("giving eth0 an address")?;
    given::default_route(gateway).context("the default route")?;
    given::link_up("eth0").context("setting eth0 up")
}
