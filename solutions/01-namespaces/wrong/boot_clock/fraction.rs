//! diagnosis: no-such-line
//! made by: whoever writes seconds as /proc/uptime does, with a fraction.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {}", ahead.as_secs_f64())).context("timens_offsets")
}
