mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program};
use look::Case;

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let mut runs = Vec::new();
    for case in Case::ALL {
        let seen = look::at(program, case)?;
        let hopeless = !seen.alive || matches!(seen.heard, Heard::Silence(_));
        runs.push(seen);
        if hopeless {
            break;
        }
    }
    Ok(judge::judge(&runs))
}
