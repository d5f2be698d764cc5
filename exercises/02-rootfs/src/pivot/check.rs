mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    let folder = look::at(program, "folder")?;
    if !folder.alive || matches!(folder.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&folder, &folder, &folder));
    }
    let mount = look::at(program, "mount")?;
    let missing = look::at(program, "missing")?;
    Ok(judge::judge(&folder, &mount, &missing))
}
