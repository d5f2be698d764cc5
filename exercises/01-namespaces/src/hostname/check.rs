mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let first = look::at(program, "boat")?;
    if !first.alive || matches!(first.heard, Heard::Silence(_)) {
        // One that never returns won't the next time either, and the learner waits.
        return Ok(judge::judge(std::slice::from_ref(&first), &first));
    }
    // A second name, new each time: an answer that always sets the same can't have both.
    let random = look::at(program, &look::new_name())?;
    let too_long = look::at(program, &look::too_long())?;
    Ok(judge::judge(&[first, random], &too_long))
}
