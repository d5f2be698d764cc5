//! diagnosis: cut-the-name
//! made by: Docker users know it from other tools (long pod names are cut to 63 or 64 bytes, then
//! two of them clash).

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

pub fn own_hostname(name: &str) -> Result<()> {
    let name = &name[..name.len().min(64)];
    unshare(CloneFlags::CLONE_NEWUTS).context("unshare(CLONE_NEWUTS)")?;
    sethostname(name).with_context(|| format!("sethostname({name:?})"))
}
