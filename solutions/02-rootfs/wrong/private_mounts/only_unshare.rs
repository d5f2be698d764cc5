//! diagnosis: still-shared
//! made by: everybody who tries it in a shell first: unshare(1) makes the mounts private unasked,
//! unshare(2) doesn't.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn private_mounts() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWNS)")?;
    Ok(())
}
