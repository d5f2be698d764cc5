mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program, random};

use super::mistakes;

/// Kinds that can be asked for in any pair.
const SOME: [&str; 5] = ["cgroup", "ipc", "mnt", "net", "uts"];

pub fn check(program: &Program) -> Result<Judgement> {
    let all = look::at(program, &look::KINDS.map(|(asked, _)| asked))?;
    if !all.alive || matches!(all.heard, Heard::Silence(_)) {
        return Ok(judge::judge(&all, &all, &all));
    }
    // Which two no answer can know.
    let one = random::within(0..SOME.len() as u32) as usize;
    let other = (one + 1 + random::within(0..SOME.len() as u32 - 1) as usize) % SOME.len();
    let two = look::at(program, &[SOME[one], SOME[other]])?;
    let unknown = look::at(program, &["ipc", "ipx"])?;
    Ok(judge::judge(&all, &two, &unknown))
}
