//! diagnosis: another-user-namespace
//! made by: whoever has read that an ordinary user needs a user namespace first, and doesn't know
//! that it is given.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

pub fn own_hostname(name: &str) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWUTS).context("unshare(CLONE_NEWUSER | CLONE_NEWUTS)")?;
    sethostname(name).with_context(|| format!("sethostname({name:?})"))
}
