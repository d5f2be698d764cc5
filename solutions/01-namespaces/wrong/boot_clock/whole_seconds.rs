//! diagnosis: whole-seconds
//! made by: whoever tests with whole days, as https://github.com/opencontainers/runc/pull/3876 does.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {} 0", ahead.as_secs())).context("timens_offsets")
}
