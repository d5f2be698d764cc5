//! diagnosis: swallowed-the-error
//! made by: whoever lets a container without a network start.

use std::net::Ipv4Addr;

use anyhow::Result;

pub fn configure(address: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> Result<()> {
    let _ = given::add_address("eth0", address, prefix);
    let _ = given::link_up("eth0");
    let _ = given::default_route(gateway);
    Ok(())
}
