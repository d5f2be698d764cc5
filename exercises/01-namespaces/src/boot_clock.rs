//! Exercise 1.6: a boot clock of one's own, for one's children.

mod judge;
mod look;
mod mistakes;

use std::time::Duration;

use anyhow::Result;
use checker::{Exercise, Heard, Judgement, Kind, Program};

use checker::random;

pub const EXERCISE: Exercise = Exercise {
    id: "1.6",
    name: "boot_clock",
    title: "a clock that counts from another boot",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/time.md",
    shown_by: "run --boottime +1d uptime",
    hints: &[
        "`cat /proc/self/timens_offsets` shows two clocks and how far each is off. Whose clocks are they, yours or those of the children that \
         you will have? And why would the kernel forbid to change them once somebody lives by them?",
        "unshare first, with the flag for time; then write one line to /proc/self/timens_offsets: the clock's name, seconds, \
         nanoseconds. Nobody may be in it by then: no child, and not you either. unshare leaves you where you are; don't join it. \
         The flag is spelled CloneFlags::from_bits_retain(libc::CLONE_NEWTIME).",
        "std::fs::write(\"/proc/self/timens_offsets\", format!(\"boottime {} {}\", ahead.as_secs(), ahead.subsec_nanos())), with a context: \
         the kernel says ERANGE to what is too far. The clock that isn't named keeps its offset, 0. And that was all: the caller's next \
         child is born with these clocks.",
    ],
    mistakes: mistakes::ALL,
    check,
};

fn check(program: &Program) -> Result<Judgement> {
    let fraction = || random::within(1..1_000_000_000);
    let days = look::at(program, Duration::new(random::within(100_000..10_000_000).into(), fraction()))?;
    if !days.alive || matches!(days.heard, Heard::Silence(_)) {
        return Ok(judge::judge(std::slice::from_ref(&days), &days));
    }
    // So few that the kernel also takes their number in nanoseconds for one of seconds.
    let moments = look::at(program, Duration::new(random::within(1..4).into(), fraction()))?;
    // 147 years; the kernel's limit is half of what fits 63 bits in nanoseconds, some 146.
    let too_far = look::at(program, Duration::from_secs(147 * 31_556_952))?;
    Ok(judge::judge(&[days, moments], &too_far))
}
