//! diagnosis: made-another
//! made by: whoever isn't sure on which side of the fork the call belongs, and makes it on both.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID) in the parent")?;
    let forked = given::fork()?;
    if let ForkResult::Child = forked {
        unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID) in the child")?;
    }
    Ok(forked)
}
