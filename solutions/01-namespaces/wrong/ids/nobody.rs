//! diagnosis: unmapped
//! made by: whoever takes "a new user namespace has all capabilities" for "is root"
//! (https://github.com/guevara/read-it-later/issues/4747 explains the "dreaded nobody").

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")
}
