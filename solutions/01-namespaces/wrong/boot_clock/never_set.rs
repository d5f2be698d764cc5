//! diagnosis: never-set
//! made by: whoever adds the flag and no offsets, as https://github.com/opencontainers/runc/pull/2963 did ("this is not really
//! sufficient").

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    println!("{ahead:?}, {:?}", fs::metadata("/proc/self/timens_offsets").is_ok());
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)).context("unshare")
}
