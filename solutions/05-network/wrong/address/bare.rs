//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::net::Ipv4Addr;

use anyhow::Result;

pub fn configure(address: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> Result<()> {
    given::add_address("eth0", address, prefix)?;
    given::link_up("eth0")?;
    Ok(given::default_route(gateway)?)
}
