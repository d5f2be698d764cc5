mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let plain = look::at(program, "plain")?;
    if !plain.alive || matches!(plain.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&judge::Runs::only(plain)));
    }
    Ok(judge::judge(&judge::Runs {
        plain,
        below: look::at(program, "below")?,
        locked: look::at(program, "locked")?,
        file: look::at(program, "file")?,
        missing: look::at(program, "missing")?,
    }))
}
