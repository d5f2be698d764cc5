mod judge;
mod look;

use anyhow::Result;
use checker::{Judgement, Program};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let near = look::at(program)?;
    if near.run.is_hopeless() {
        return Ok(judge::judge(&[near]));
    }
    // Another limit, or it would do to count.
    Ok(judge::judge(&[near, look::at(program)?]))
}
