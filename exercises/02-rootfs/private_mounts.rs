//! Exercise 2.1: a mount table of its own, and private.
//!
//! A mount namespace is a mount table. A new one begins as a copy, and what is *shared* stays
//! connected with the original. Read mount_namespaces(7), unshare(2) and mount(2); check with
//! `cargo wb check 2.1`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Gives this process a mount table of its own, in which every mount is private: what it mounts and
/// unmounts from here on is seen nowhere else, and what others mount isn't seen in it. The host's
/// mounts stay as they are, shared if they were.
///
/// Fails, saying which step failed, when the kernel refuses one of them.
pub fn private_mounts() -> Result<()> {
    todo!("a mount namespace, and no connection with the host's any more")
}
