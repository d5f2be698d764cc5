//! diagnosis: waits
//! made by: "the parent process should wait() for the child" (https://github.com/ravinet/mahimahi/pull/12), and so it should,
//! but not in here.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    let forked = given::fork()?;
    if let ForkResult::Parent { child } = forked {
        given::wait(child)?;
    }
    Ok(forked)
}
