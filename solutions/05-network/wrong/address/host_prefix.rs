//! diagnosis: host-prefix
//! made by: `ip address add 10.1.1.2 dev eth0`, which means /32.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

pub fn configure(address: Ipv4Addr, _prefix: u8, gateway: Ipv4Addr) -> Result<()> {
    given::add_address("eth0", address, 32).context("giving eth0 an address")?;
    given::link_up("eth0").context("setting eth0 up")?;
    given::default_route(gateway).context("the default route")
}
