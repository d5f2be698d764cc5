//! diagnosis: only-the-top
//! made by: the classic pair of calls, of mount(8)'s page: MS_REC is ignored in a remount.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding it")?;
    mount(
        None::<&str>,
        target,
        None::<&str>,
        MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_REC | MsFlags::MS_RDONLY,
        None::<&str>,
    )
    .context("remounting it")?;
    Ok(())
}
