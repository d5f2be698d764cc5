//! diagnosis: down
//! made by: whoever finds the route refused, and does without both.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

pub fn configure(address: Ipv4Addr, prefix: u8, _gateway: Ipv4Addr) -> Result<()> {
    given::add_address("eth0", address, prefix).context("giving eth0 an address")
}
