mod judge;
mod look;

use anyhow::Result;
use checker::{Judgement, Program};
use look::Case;

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let there = look::at(program, Case::There)?;
    if there.run.is_hopeless() {
        return Ok(judge::judge(&[there]));
    }
    Ok(judge::judge(&[there, look::at(program, Case::Gone)?]))
}
