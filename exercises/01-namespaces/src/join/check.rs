mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program, random};
use look::World;

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let apart = look::at(program, World::apart())?;
    if !apart.alive || matches!(apart.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&judge::Runs::only(apart)));
    }
    // Which two kinds are shared no answer can know.
    let one = random::within(0..World::MAY_BE_SHARED.len() as u32) as usize;
    let other =
        (one + 1 + random::within(0..World::MAY_BE_SHARED.len() as u32 - 1) as usize) % World::MAY_BE_SHARED.len();
    Ok(judge::judge(&judge::Runs {
        apart,
        sharing: look::at(program, World::sharing(&[World::MAY_BE_SHARED[one], World::MAY_BE_SHARED[other]]))?,
        inside: look::at(program, World::inside())?,
        in_lab: look::at(program, World { container: "in a lab", ..World::apart() })?,
        gone: look::at(program, World { container: "gone", ..World::apart() })?,
        anothers: look::at(program, World { container: "another's", ..World::apart() })?,
    }))
}
