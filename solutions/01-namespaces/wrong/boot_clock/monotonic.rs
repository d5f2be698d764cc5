//! diagnosis: wrong-clock
//! made by: whoever knows that CLOCK_MONOTONIC counts from boot; uptime reads the other one.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("monotonic {} {}", ahead.as_secs(), ahead.subsec_nanos()))
        .context("timens_offsets")
}
