//! diagnosis: never-went-up
//! made by: whoever stops where the root isn't on the way any more.

use std::fs;

use anyhow::{Context, Result};
use nix::unistd::chroot;

pub fn escape() -> Result<()> {
    fs::create_dir_all("below").context("making a directory")?;
    chroot("below").context("chroot")
}
