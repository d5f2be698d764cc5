//! diagnosis: wrong-namespace
//! made by: whoever copies the flag from an example of mounts; and CLONE_NEWNS reads like "the new
//! namespace".

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

pub fn own_hostname(name: &str) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWNS)")?;
    sethostname(name).with_context(|| format!("sethostname({name:?})"))
}
