mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program, random};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let shallow = look::at(program, random::within(1..5), "open")?;
    if !shallow.alive || matches!(shallow.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&shallow, &shallow, &shallow));
    }
    // As many as no answer can guess, and more than one would write down.
    let deep = look::at(program, random::within(150..250), "open")?;
    let closed = look::at(program, 2, "closed")?;
    Ok(judge::judge(&shallow, &deep, &closed))
}
