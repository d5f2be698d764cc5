//! diagnosis: not-below
//! made by: whoever writes mount --bind; in a user namespace it is refused where something lies
//! below (EINVAL).

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>).context("binding it")?;
    given::mount_setattr(target, libc::AT_RECURSIVE, libc::MOUNT_ATTR_RDONLY).context("making it read-only")?;
    Ok(())
}
