//! diagnosis: left-behind
//! made by: whoever writes mount --bind as every page about pivot_root has it; /proc and the
//! volumes are missing afterwards.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

pub fn pivot_into(root: &Path) -> Result<()> {
    mount(Some(root), root, None::<&str>, MsFlags::MS_BIND, None::<&str>).context("binding it on itself")?;
    chdir(root).context("chdir")?;
    pivot_root(".", ".").context("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).context("umount2")?;
    Ok(())
}
