//! Exercise 5.2a: a bridge.
//!
//! A bridge is a switch for containers, and an interface of the host: its address is the gateway of
//! the containers. Many containers use one bridge. Read ip-link(8); check with `cargo wb check
//! 5.2a`.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use nix::errno::Errno;

/// Makes a bridge called `name`, which is up and has the address `gateway`, in a subnet with this
/// `prefix`. One that is there stays; if it has no address, or is down, it gets what it lacks.
///
/// Fails, saying which step failed, when the kernel refuses one (a name may have 15 bytes at most).
pub fn bridge(name: &str, gateway: Ipv4Addr, prefix: u8) -> Result<()> {
    // wb:answer
    match given::add_bridge(name) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).with_context(|| format!("RTM_NEWLINK: making the bridge {name}")),
    }
    match given::add_address(name, gateway, prefix) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).with_context(|| format!("RTM_NEWADDR: giving {name} {gateway}/{prefix}")),
    }
    given::link_up(name).with_context(|| format!("RTM_NEWLINK: setting {name} up"))
    // wb:starter
    // todo!("three messages: the bridge, its address, up; what is there already is no error")
    // wb:end
}
