//! diagnosis: only-the-top
//! made by: whoever finds mount_setattr(2), and not its AT_RECURSIVE.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding it")?;
    given::mount_setattr(target, 0, libc::MOUNT_ATTR_RDONLY).context("making it read-only")?;
    Ok(())
}
