//! diagnosis: named-too-early
//! made by: whoever reads "a namespace is a copy" as "so set it up, then copy it".

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

pub fn own_hostname(name: &str) -> Result<()> {
    sethostname(name).with_context(|| format!("sethostname({name:?})"))?;
    unshare(CloneFlags::CLONE_NEWUTS).context("unshare(CLONE_NEWUTS)")
}
