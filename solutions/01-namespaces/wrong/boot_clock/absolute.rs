//! diagnosis: absolute
//! made by: whoever writes what uptime shall show ("Currently running uptime command in a container
//! shows host uptime", https://github.com/opencontainers/runtime-spec/pull/1062).

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    let now = fs::read_to_string("/proc/uptime").context("uptime")?;
    let now: f64 = now.split(' ').next().context("uptime")?.parse().context("uptime")?;
    let show = ahead + Duration::from_secs_f64(now);
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
    fs::write("/proc/self/timens_offsets", format!("boottime {} {}", show.as_secs(), show.subsec_nanos()))
        .context("timens_offsets")
}
