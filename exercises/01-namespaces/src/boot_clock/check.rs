mod judge;
mod look;

use std::time::Duration;

use anyhow::Result;
use checker::{Heard, Judgement, Program, random};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let fraction = || random::within(1..1_000_000_000);
    let days = look::at(program, Duration::new(random::within(100_000..10_000_000).into(), fraction()))?;
    if !days.alive || matches!(days.heard, Heard::Silence(_)) {
        return Ok(judge::judge(std::slice::from_ref(&days), &days));
    }
    // So few that the kernel also takes their number in nanoseconds for one of seconds.
    let moments = look::at(program, Duration::new(random::within(1..4).into(), fraction()))?;
    // 147 years; the kernel's limit is half of what fits 63 bits in nanoseconds, some 146.
    let too_far = look::at(program, Duration::from_secs(147 * 31_556_952))?;
    Ok(judge::judge(&[days, moments], &too_far))
}
