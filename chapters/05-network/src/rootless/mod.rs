//! Networks without root: a user and a network namespace that belong to the user, kept by a holder
//! process.
//!
//! A bridge is made by root of the user namespace that owns the network namespace, and a veth can
//! be moved to a network namespace only from above or beside it in the same user namespace. So all
//! containers of a user that are on a network share one user namespace, and a network namespace
//! with their bridges. Nobody but their processes keeps namespaces alive, hence the holder.

mod holder;
mod way_out;

pub use holder::{Holder, recorded as holder_process, run as run_holder};
pub use way_out::run as run_way_out;

use std::fs;
use std::os::unix::fs::MetadataExt;

use ch01_namespaces::network_namespace_owner;
use nix::unistd::Uid;

/// Whether this process may make bridges where it is: it is root in the user namespace that owns
/// its network namespace. "Root" alone says nothing: in `unshare --user --map-root-user` the
/// network namespace is still the machine's.
pub fn owns_network_namespace() -> bool {
    let own = fs::metadata("/proc/self/ns/user").map(|meta| meta.ino()).ok();
    Uid::effective().is_root() && own.is_some() && network_namespace_owner() == own
}
