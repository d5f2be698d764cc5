mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let seen = look::at(program)?;
    if !seen.alive || matches!(seen.heard, Heard::Silence(_)) {
        // One that never returns won't the next time either, and the learner waits.
        return Ok(judge::judge(&seen, &look::Refused::like(&seen)));
    }
    Ok(judge::judge(&seen, &look::at_nobody(program)?))
}
