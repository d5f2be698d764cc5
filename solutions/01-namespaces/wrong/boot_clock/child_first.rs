//! diagnosis: too-late
//! made by: whoever makes the process first and its clocks afterwards; "as soon as the first child
//! is spawned, the offsets cannot be changed" (https://github.com/opencontainers/runc/issues/2345).

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    let child = given::fork()?;
    if let nix::unistd::ForkResult::Child = child {
        given::exit(0);
    }
    fs::write("/proc/self/timens_offsets", format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos()))
        .context("timens_offsets")
}
