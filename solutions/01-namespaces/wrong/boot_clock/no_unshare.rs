//! diagnosis: written-first
//! made by: whoever finds the file first: it is there for every process, and for most of them it is
//! frozen.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

pub fn boot_clock(ahead: Duration) -> Result<()> {
    let line = format!("boottime {} {}", ahead.as_secs(), ahead.subsec_nanos());
    fs::write("/proc/self/timens_offsets", line).context("timens_offsets")
}
