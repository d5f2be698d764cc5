//! diagnosis: pid-one-ended
//! made by: daemon habits: fork, let the first child end, go on in the second. "nsenter: Unable to
//! fork: Cannot allocate memory" is what others see then (https://github.com/moby/moby/issues/23342).

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    let forked = given::fork()?;
    if let ForkResult::Child = forked
        && let ForkResult::Parent { .. } = given::fork()?
    {
        given::exit(0);
    }
    Ok(forked)
}
