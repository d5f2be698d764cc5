//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::fs;

use anyhow::Result;
use nix::unistd::{chdir, chroot};

pub fn escape() -> Result<()> {
    fs::create_dir_all("below")?;
    chroot("below")?;
    for _ in 0..1000 {
        chdir("..")?;
    }
    chroot(".")?;
    Ok(())
}
