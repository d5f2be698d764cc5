//! diagnosis: both-clocks
//! made by: whoever copies the example of time_namespaces(7), which sets both clocks, by whole
//! seconds.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    let s = ahead.as_secs();
    fs::write("/proc/self/timens_offsets", format!("monotonic {s} 0\nboottime {s} 0")).context("timens_offsets")
}
