//! Waiting for what the kernel does in its own time, without guessing how long it takes.

use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// All limits on time are multiplied by the number that the environment variable `CORACLE_PATIENCE`
/// holds (1 without it): an emulated machine is ten times slower, and that is no failure.
pub fn patiently(limit: Duration) -> Duration {
    static FACTOR: OnceLock<u32> = OnceLock::new();
    limit * *FACTOR.get_or_init(|| factor(std::env::var("CORACLE_PATIENCE").ok().as_deref()))
}

fn factor(text: Option<&str>) -> u32 {
    text.and_then(|text| text.parse().ok()).unwrap_or(1).clamp(1, 100)
}

/// Waits until `holds` does, for ten seconds at most. `what` is the claim, for the error.
pub fn eventually(what: &str, holds: impl FnMut() -> Result<bool>) -> Result<()> {
    eventually_within(Duration::from_secs(10), what, holds)
}

/// Waits until `holds` does, for `limit` at most.
pub fn eventually_within(limit: Duration, what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let limit = patiently(limit);
    let end = Instant::now() + limit;
    while !holds()? {
        if Instant::now() >= end {
            bail!("waited {limit:?} in vain: {what}");
        }
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_a_sensible_number_or_one() {
        assert_eq!([None, Some("5"), Some("0"), Some("x"), Some("1000")].map(factor), [1, 5, 1, 1, 100]);
    }
}
