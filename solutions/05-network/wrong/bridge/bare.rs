//! diagnosis: bare-errno
//! made by: a match on errnos that passes the others on as they are.

use std::net::Ipv4Addr;

use anyhow::Result;
use nix::errno::Errno;

pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    for made in [given::add_bridge(name), given::add_address(name, gateway, prefix), given::link_up(name)] {
        if !matches!(made, Ok(()) | Err(Errno::EEXIST)) {
            made?;
        }
    }
    Ok(())
}
