mod judge;
mod look;

use anyhow::Result;
use checker::{Heard, Judgement, Program, random};
use look::{Seen, World};

use super::mistakes;

/// What `id -u` prints for a lone user of most machines, and what an unmapped id reads as.
const FIRST_USER: u32 = 1000;
const OVERFLOW: u32 = 65534;

pub fn check(program: &Program) -> Result<Judgement> {
    let anybody = || random::within(2000..60_000);
    let first = look::at(program, World { uid: anybody(), gid: anybody(), room: true })?;
    if !first.alive || matches!(first.heard, Heard::Silence(_)) {
        return Ok(judge::judge(std::slice::from_ref(&first), &first, &[]));
    }
    let second = look::at(program, World { uid: anybody(), gid: anybody(), room: true })?;
    let refused = look::at(program, World { uid: anybody(), gid: anybody(), room: false })?;
    Ok(judge::judge(&[first.clone(), second], &refused, &worlds_that_tell(program, &first)?))
}

/// A map that the kernel refused leaves no trace of what was written. But there are users with whom the wrong number is the
/// right one.
fn worlds_that_tell(program: &Program, seen: &Seen) -> Result<Vec<Seen>> {
    if !judge::was_refused(seen) {
        return Ok(Vec::new());
    }
    let world = |id| look::at(program, World { uid: id, gid: id, room: true });
    Ok(vec![world(OVERFLOW)?, world(FIRST_USER)?])
}
