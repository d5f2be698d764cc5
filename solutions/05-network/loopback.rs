//! Exercise 5.1: make a network namespace.
//!
//! A new network namespace has one interface, `lo`. It is down, so not even 127.0.0.1 can be
//! reached. Read network_namespaces(7). Check with `cargo wb check 5.1`.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

/// Moves this process to a new network namespace, and sets `lo` up there.
///
/// Returns an error that names the step if the kernel refuses one.
pub fn own_network() -> Result<()> {
    // wb:answer
    unshare(CloneFlags::CLONE_NEWNET).context("unshare(CLONE_NEWNET): a network namespace of its own")?;
    given::link_up("lo").context("RTM_NEWLINK: setting lo up")
    // wb:starter
    // todo!("move to a new network namespace; then set lo up")
    // wb:end
}
