//! diagnosis: always-the-same-name
//! made by: whoever takes the book's example literally.

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;

pub fn own_hostname(_name: &str) -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUTS).context("unshare(CLONE_NEWUTS)")?;
    sethostname("boat").context("sethostname(\"boat\")")
}
