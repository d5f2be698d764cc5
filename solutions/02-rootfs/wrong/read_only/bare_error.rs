//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::path::Path;

use anyhow::Result;
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)?;
    given::mount_setattr(target, libc::AT_RECURSIVE, libc::MOUNT_ATTR_RDONLY)?;
    Ok(())
}
