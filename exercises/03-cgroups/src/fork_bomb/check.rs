mod judge;
mod look;

use anyhow::Result;
use checker::{Judgement, Program};
use look::Case;

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let mut runs = Vec::new();
    // Twice, with different limits, or it would do to count.
    for case in [Case::Limit, Case::Limit, Case::Dead] {
        let seen = look::at(program, case)?;
        let hopeless = seen.run.is_hopeless();
        runs.push(seen);
        if hopeless {
            break;
        }
    }
    Ok(judge::judge(&runs))
}
