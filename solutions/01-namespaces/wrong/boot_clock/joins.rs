//! diagnosis: joined-itself
//! made by: whoever does as a runtime does that execs the command itself: unshare, write, then
//! setns on time_for_children, as Coracle's own chapter and https://github.com/opencontainers/runc/pull/3876 do.

use std::fs::{self, File};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    let time = CloneFlags::from_bits_retain(libc::CLONE_NEWTIME);
    unshare(time).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos()))
        .context("timens_offsets")?;
    setns(File::open("/proc/self/ns/time_for_children").context("time_for_children")?, time).context("setns")
}
