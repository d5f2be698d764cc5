//! Waiting for what the kernel does in its own time, without guessing how long it takes.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Waits until `holds` does, for ten seconds at most. `what` is the claim, for the error.
pub fn eventually(what: &str, holds: impl FnMut() -> Result<bool>) -> Result<()> {
    eventually_within(Duration::from_secs(10), what, holds)
}

/// Waits until `holds` does, for `limit` at most.
pub fn eventually_within(limit: Duration, what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + limit;
    while !holds()? {
        if Instant::now() >= end {
            bail!("waited {limit:?} in vain: {what}");
        }
        sleep(Duration::from_millis(5));
    }
    Ok(())
}
