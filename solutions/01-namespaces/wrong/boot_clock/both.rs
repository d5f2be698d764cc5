//! diagnosis: both-clocks
//! made by: whoever copies both lines of an example, as in https://github.com/nestybox/sysbox-runc/pull/112.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    let (s, n) = (ahead.as_secs(), ahead.subsec_nanos());
    fs::write("/proc/self/timens_offsets", format!("monotonic {s} {n}\nboottime {s} {n}")).context("timens_offsets")
}
