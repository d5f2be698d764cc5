//! Exercise 5.3a: an address, and the way to everywhere.
//!
//! An address with its prefix says which other addresses are behind the same interface. The default
//! route is for all others. Read ip-address(8) and ip-route(8); check with `cargo wb check 5.3a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

/// Gives `eth0` the address, in a subnet with this prefix, and sets it up. What is meant for
/// anybody outside of the subnet goes to the gateway.
///
/// Fails, saying which step failed, when the kernel refuses one.
pub fn configure(address: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> Result<()> {
    todo!("three messages, in an order that the kernel accepts")
}
