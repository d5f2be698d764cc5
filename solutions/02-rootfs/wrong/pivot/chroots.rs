//! diagnosis: chroot
//! made by: whoever knows chroot(2) from before containers, and sees that `ls /` shows what it
//! should.

use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};

pub fn pivot_into(root: &Path) -> Result<()> {
    chroot(root).context("chroot")?;
    chdir("/").context("chdir")?;
    Ok(())
}
