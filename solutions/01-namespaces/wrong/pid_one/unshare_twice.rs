//! diagnosis: none
//! made by: copy and paste. The kernel says EINVAL to the second one: the caller isn't in the
//! namespace that its children would be in.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    for _ in 0..2 {
        unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    }
    given::fork()
}
