//! diagnosis: joined-itself
//! made by: whoever believes that one has to be in the namespace to set its clocks, as with a host
//! name; then they are frozen.

use std::fs::{self, File};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    let time = CloneFlags::from_bits_retain(libc::CLONE_NEWTIME);
    unshare(time).context("unshare")?;
    setns(File::open("/proc/self/ns/time_for_children").context("time_for_children")?, time).context("setns")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos()))
        .context("timens_offsets")
}
