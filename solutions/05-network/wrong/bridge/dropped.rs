//! diagnosis: swallowed-the-error
//! made by: whoever doesn't want EEXIST, and drops all other errors with it.

use std::net::Ipv4Addr;

use anyhow::Result;

pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    let _ = given::add_bridge(name);
    let _ = given::add_address(name, gateway, prefix);
    let _ = given::link_up(name);
    Ok(())
}
