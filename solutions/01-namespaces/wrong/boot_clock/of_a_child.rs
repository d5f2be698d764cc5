//! diagnosis: no-namespace
//! made by: whoever sets up the container's clock as its uid map, from its parent; but here the
//! child's children would have it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, pause};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    match given::fork()? {
        ForkResult::Child => {
            unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")?;
            loop {
                pause();
            }
        }
        ForkResult::Parent { child } => {
            std::thread::sleep(Duration::from_millis(100));
            let line = format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos());
            fs::write(format!("/proc/{child}/timens_offsets"), line).context("timens_offsets")
        }
    }
}
