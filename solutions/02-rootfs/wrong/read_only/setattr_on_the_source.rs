//! diagnosis: on-the-source
//! made by: whoever takes the path that it is all about, the source, for the one that
//! mount_setattr(2) wants.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding it")?;
    given::mount_setattr(source, libc::AT_RECURSIVE, libc::MOUNT_ATTR_RDONLY).context("making it read-only")?;
    Ok(())
}
