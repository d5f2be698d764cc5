mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let full = look::at(program, "full")?;
    if !full.alive || matches!(full.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&full, &full, &full));
    }
    let empty = look::at(program, "empty")?;
    let file = look::at(program, "file")?;
    Ok(judge::judge(&full, &empty, &file))
}
