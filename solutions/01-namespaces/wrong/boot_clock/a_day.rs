//! diagnosis: always-the-same
//! made by: whoever takes the example of the book literally.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    println!("{ahead:?}");
    fs::write("/proc/self/timens_offsets", format!("boottime 86400 0")).context("timens_offsets")
}
