//! diagnosis: left-a-directory
//! made by: the classic sequence with put_old, without its last step.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

pub fn pivot_into(root: &Path) -> Result<()> {
    mount(Some(root), root, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding it on itself")?;
    let old = root.join("old");
    fs::create_dir(&old).context("making a directory for the old root")?;
    pivot_root(root, &old).context("pivot_root")?;
    chdir("/").context("chdir")?;
    umount2("/old", MntFlags::MNT_DETACH).context("umount2")?;
    Ok(())
}
