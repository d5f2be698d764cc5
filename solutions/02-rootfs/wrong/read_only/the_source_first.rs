//! diagnosis: the-source-too
//! made by: whoever makes the source read-only, so that its copy is.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), source, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding it")?;
    given::mount_setattr(source, libc::AT_RECURSIVE, libc::MOUNT_ATTR_RDONLY).context("making it read-only")?;
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding it")?;
    Ok(())
}
