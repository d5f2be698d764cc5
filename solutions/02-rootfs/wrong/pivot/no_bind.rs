//! diagnosis: not-a-mount
//! made by: everybody, at the first try: EINVAL, and pivot_root(2) lists six reasons for it.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, umount2};
use nix::unistd::{chdir, pivot_root};

pub fn pivot_into(root: &Path) -> Result<()> {
    chdir(root).context("chdir")?;
    pivot_root(".", ".").context("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).context("umount2")?;
    Ok(())
}
