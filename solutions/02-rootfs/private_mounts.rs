//! Exercise 2.1: a mount table of its own, and private.
//!
//! A mount namespace is a mount table. A new one begins as a copy, and what is *shared* stays
//! connected with the original. Read mount_namespaces(7), unshare(2) and mount(2); check with
//! `cargo wb check 2.1`.

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Gives this process a mount table of its own, in which every mount is private: what it mounts and
/// unmounts from here on is seen nowhere else, and what others mount isn't seen in it. The host's
/// mounts stay as they are, shared if they were.
///
/// Fails, saying which step failed, when the kernel refuses one of them.
pub fn private_mounts() -> Result<()> {
    // wb:answer
    // A copy of the table, for us alone. Its mounts are still connected with the host's, where those
    // are shared.
    unshare(CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWNS): no mount namespace of our own")?;
    // Each mount has its own propagation, so all of them: / and, MS_REC, those below.
    let everywhere = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, everywhere, None::<&str>)
        .context("mount(MS_REC|MS_PRIVATE) on /: our mounts would be the host's, too")?;
    Ok(())
    // wb:starter
    // todo!("a mount namespace, and no connection with the host's any more")
    // wb:end
}
