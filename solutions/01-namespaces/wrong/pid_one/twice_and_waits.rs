//! diagnosis: forked-twice
//! made by: whoever has read that PID 1 has to be an init, and starts with one here; that is
//! exercise 1.3b.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    let forked = given::fork()?;
    if let ForkResult::Child = forked
        && let ForkResult::Parent { child } = given::fork()?
    {
        given::exit(given::wait(child)?);
    }
    Ok(forked)
}
