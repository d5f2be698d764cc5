//! diagnosis: written-first
//! made by: whoever sets the clock first, to go where it is set.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    let line = format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos());
    fs::write("/proc/self/timens_offsets", line).context("timens_offsets")?;
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare(CLONE_NEWTIME)")
}
