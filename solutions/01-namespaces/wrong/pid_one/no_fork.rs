//! diagnosis: never-forked
//! made by: whoever expects unshare to work as for UTS; then the second command in the shell gets
//! "fork: Cannot allocate memory" (https://github.com/rstudio/rstudio/issues/4202 quotes fork(2) on it).

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    Ok(ForkResult::Child)
}
