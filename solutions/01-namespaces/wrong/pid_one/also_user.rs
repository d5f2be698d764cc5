//! diagnosis: another-user-namespace
//! made by: whoever has seen `unshare --user --map-root-user --pid` in hint 1 and takes all of it
//! along.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWUSER | CLONE_NEWPID)")?;
    given::fork()
}
