//! diagnosis: forked-first
//! made by: "fork() followed by unshare() is easier to think about" (https://github.com/ravinet/mahimahi/pull/12); for the
//! namespaces that move their caller it is.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

pub fn fork_as_pid_one() -> Result<ForkResult> {
    let forked = given::fork()?;
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    Ok(forked)
}
