//! Chapter 5: the network.
//!
//! A new network namespace is a machine without a cable. This chapter gives it one: a veth pair to
//! a bridge, an address, a route, a way out, and ports by which others come in. It follows the
//! container network model of Docker's libnetwork.
//!
//! Read it in this order:
//!
//! 1. [`netlink`]: links, addresses and routes, asked of the kernel in messages.
//! 2. [`network`]: a network (a bridge, a subnet), its addresses, its store. [`mechanisms`]: a
//!    container's endpoint on one.
//! 3. [`firewall`]: what is forwarded and translated, as text for `nft`. [`ports`]: published
//!    ports, and the proxy.
//! 4. [`rootless`]: the same for an ordinary user, in namespaces that a holder process keeps.
//! 5. [`names`]: /etc/hosts and the like. `mode.rs`, `flags.rs`, `conflicts.rs`, `cli.rs`,
//!    `verbs/`: the command line. `tour.rs`.

mod cli;
mod commands;
mod conflicts;
pub mod firewall;
mod flags;
pub mod mechanisms;
mod mode;
pub mod names;
pub mod netlink;
pub mod network;
pub mod ports;
pub mod rootless;
pub mod steps;
mod tour;
pub mod verbs;

pub use cli::{Networking, Verbs};
pub use commands::{Commands, as_typed};
pub use flags::{Flags, NetworkFlags};
pub use mode::NetworkMode;
