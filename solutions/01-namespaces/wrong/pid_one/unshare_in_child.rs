//! diagnosis: forked-first
//! made by: as unshare_after_fork.rs, but only where the container will be (PITFALLS:
//! "unshare(CLONE_NEWPID) moves children only").

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    let forked = given::fork()?;
    if let ForkResult::Child = forked {
        unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    }
    Ok(forked)
}
