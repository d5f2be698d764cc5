//! Exercise 5.3a: configure an address and a default route.
//!
//! An address with its prefix length says which other addresses are behind the same interface. The
//! default route is for all others. Read ip-address(8) and ip-route(8). Check with `cargo wb check
//! 5.3a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

/// Gives `eth0` the address with this prefix length, sets `eth0` up, and adds a default route: all
/// packets to addresses outside of the subnet go to the gateway.
///
/// Returns an error that names the step if the kernel refuses one.
pub fn configure(address: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> Result<()> {
    todo!("send three messages, in an order that the kernel accepts")
}
