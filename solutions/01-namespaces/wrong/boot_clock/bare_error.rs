//! diagnosis: bare-errno
//! made by: every first version with \`?\`: "Numerical result out of range (os error 34)".

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME))?;
    let line = format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos());
    fs::write("/proc/self/timens_offsets", line)?;
    Ok(())
}
