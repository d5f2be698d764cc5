//! The program around an answer to exercise 1.9. `cargo wb check 1.9` builds it and runs it in the
//! lab.

use std::time::Duration;

use anyhow::Context;
use given::checked;

include!(concat!(env!("OUT_DIR"), "/boot_clock.rs"));

/// Arguments: seconds, and nanoseconds of another one.
fn main() {
    let mut ahead = Duration::ZERO;
    checked::ready(|| {
        let mut numbers = std::env::args().skip(1);
        let seconds = numbers.next().context("seconds")?.parse().context("seconds")?;
        ahead = Duration::new(seconds, numbers.next().context("nanoseconds")?.parse().context("nanoseconds")?);
        given::user_namespace()
    });
    checked::returned(answers::boot_clock::boot_clock(ahead))
}
