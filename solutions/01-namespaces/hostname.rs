//! Exercise 1.2: a hostname of its own.
//!
//! A UTS namespace holds two names, the hostname and the NIS domain name. A process starts in its
//! parent's.
//! Read uts_namespaces(7), unshare(2) and sethostname(2); check with `cargo wb check 1.2`.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

/// Gives this process the hostname `name`, and leaves the machine's as it is.
///
/// Fails, saying which step failed, when the kernel refuses one of them (a name may have 64 bytes
/// at most).
pub fn own_hostname(name: &str) -> Result<()> {
    // wb:answer
    // A copy of the parent's UTS namespace: from here on a new name is seen by us and our children.
    unshare(CloneFlags::CLONE_NEWUTS).context("unshare(CLONE_NEWUTS): no UTS namespace of our own")?;
    sethostname(name).with_context(|| format!("sethostname({name:?}): the kernel takes 64 bytes at most"))?;
    Ok(())
    // wb:starter
    // todo!("leave the machine's UTS namespace, then set the name")
    // wb:end
}
