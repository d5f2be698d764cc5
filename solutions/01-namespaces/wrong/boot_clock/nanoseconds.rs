//! diagnosis: wrong-unit
//! made by: whoever is used to clocks in nanoseconds; the names in the OCI configuration (secs,
//! nanosecs) are there for a reason (https://github.com/opencontainers/runtime-spec/pull/1151).

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {} 0", ahead.as_nanos())).context("timens_offsets")
}
