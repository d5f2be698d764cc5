//! Exercise 5.4: masquerade outgoing packets.
//!
//! No machine outside has a route to a container's address. With masquerade, the kernel replaces
//! the source address of each outgoing packet by the host's address, so answers come back to the
//! host. Read nft(8). Check with `cargo wb check 5.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use given::Subnet;

/// Returns rules for `nft -f -`, in a separate table. If a packet comes from the subnet and leaves
/// through any interface except the bridge, its source address is replaced by the address of that
/// interface.
///
/// The rules are applied for each container. Applying them again changes nothing. They don't affect
/// other bridges and other tables.
pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    todo!("empty the table; add a chain at postrouting with one rule")
}
