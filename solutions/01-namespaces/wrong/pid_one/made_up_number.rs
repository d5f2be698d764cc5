//! diagnosis: none
//! made by: whoever takes "PID 1" for the number to return: that is what the child is called
//! inside.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, Pid};

pub fn fork_as_pid_one() -> Result<ForkResult> {
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    match given::fork()? {
        ForkResult::Parent { .. } => Ok(ForkResult::Parent { child: Pid::from_raw(1) }),
        child => Ok(child),
    }
}
