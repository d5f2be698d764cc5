//! diagnosis: never-named
//! made by: whoever expects a new namespace to be empty; a UTS namespace begins as a copy of the
//! parent's.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn own_hostname(_name: &str) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUTS).context("unshare(CLONE_NEWUTS)")
}
