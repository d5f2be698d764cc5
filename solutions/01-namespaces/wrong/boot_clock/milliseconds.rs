//! diagnosis: wrong-unit
//! made by: whoever is used to as_millis.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {} 0", ahead.as_millis())).context("timens_offsets")
}
