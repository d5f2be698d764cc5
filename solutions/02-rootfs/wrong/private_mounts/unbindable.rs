//! diagnosis: none
//! made by: whoever takes the strictest of the four kinds. Such mounts are private; and none of
//! them can be bound any more, /dev/null neither.

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

pub fn private_mounts() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWNS)")?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_UNBINDABLE, None::<&str>)
        .context("mount(MS_UNBINDABLE)")?;
    Ok(())
}
