//! Exercise 1.9: a clock that counts from another boot.
//!
//! A time namespace holds an offset for each of the two clocks that count from boot; it can be set
//! until somebody lives by it.
//! Read time_namespaces(7) and unshare(2); check with `cargo wb check 1.9`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

/// Gives this process's children a boot clock that is `ahead` of the machine's. Their monotonic
/// clock, and all clocks of this process, stay what they are. (The flag of this kind:
/// `CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)`.)
///
/// Fails, saying which step failed, when the kernel refuses one of them (a clock can't show more
/// than some 146 years).
pub fn boot_clock(ahead: Duration) -> Result<()> {
    // wb:answer
    // nix has no name for this flag.
    unshare(CloneFlags::from_bits_retain(libc::CLONE_NEWTIME))
        .context("unshare(CLONE_NEWTIME): no clocks of our own")?;
    // Now, while nobody lives by these clocks: with the first child they are frozen.
    let line = format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos());
    fs::write("/proc/self/timens_offsets", &line)
        .with_context(|| format!("writing \"{line}\" to /proc/self/timens_offsets"))
    // wb:starter
    // todo!("clocks for the children, and one of them ahead")
    // wb:end
}
