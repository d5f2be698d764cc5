//! diagnosis: another-user-namespace
//! made by: whoever types `unshare --user --mount`, as one does at a shell.

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

pub fn private_mounts() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWUSER | CLONE_NEWNS)")?;
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).context("mount(MS_PRIVATE | MS_REC)")?;
    Ok(())
}
