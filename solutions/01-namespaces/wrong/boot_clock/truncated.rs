//! diagnosis: written-first
//! made by: whoever takes the flag from libc the usual way: nix has no CLONE_NEWTIME, as it once
//! had no CLONE_NEWCGROUP (https://github.com/nix-rust/nix/issues/509).

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_truncate(libc::CLONE_NEWTIME)).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos()))
        .context("timens_offsets")
}
