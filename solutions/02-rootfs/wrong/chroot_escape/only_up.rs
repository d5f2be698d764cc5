//! diagnosis: stopped-at-the-root
//! made by: everybody, at the first try: cd .. as often as it takes.

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};

pub fn escape() -> Result<()> {
    for _ in 0..1000 {
        chdir("..").context("chdir")?;
    }
    chroot(".").context("chroot(.)")?;
    Ok(())
}
