//! diagnosis: only-the-top
//! made by: whoever types `mount --make-private /`, with one letter r too few; it works on machines
//! where / is the only mount.

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

pub fn private_mounts() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWNS)")?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_PRIVATE, None::<&str>).context("mount(MS_PRIVATE)")?;
    Ok(())
}
