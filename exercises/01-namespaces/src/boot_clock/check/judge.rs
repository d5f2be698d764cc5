//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use std::time::Duration;

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Offset, Seen};
use super::mistakes::*;
use checker::namespaces::{besides, in_full, list};

const OWN: &str = "the caller's children get a time namespace of their own";
const AHEAD: &str = "its boot clock is ahead by what was asked for";
const MONOTONIC: &str = "its monotonic clock is the machine's";
const STAYS: &str = "the caller's own clocks are what they were, and so are its other namespaces";
const REFUSED: &str = "a clock that the kernel refuses comes back as an error that says what was refused";

const CHILDREN: &str = "time_for_children";

/// `runs` asked for different times, `too_far` for one that the kernel refuses.
pub fn judge(runs: &[Seen], too_far: &Seen) -> Judgement {
    let outcomes = vec![
        Outcome::of_runs(runs, own),
        Outcome::of_runs(runs, ahead),
        Outcome::of_runs(runs, monotonic),
        Outcome::of_runs(runs, stays),
        refused(runs, too_far),
    ];
    let printed = runs.iter().chain([too_far]).map(|seen| &seen.printed);
    Judgement::new(outcomes, mistake(runs, too_far), printed)
}

fn is_own(seen: &Seen) -> bool {
    seen.left.contains(&CHILDREN)
}

fn wanted(seen: &Seen) -> Offset {
    Offset(seen.asked.as_secs() as i64, seen.asked.subsec_nanos().into())
}

fn own(seen: &Seen) -> Outcome {
    let expected = "after the call, /proc/PID/ns/time_for_children is another one";
    Outcome::of(OWN, seen.alive && is_own(seen), expected, with_return(seen, "it is the same one".into()))
}

fn ahead(seen: &Seen) -> Outcome {
    let holds = seen.alive && is_own(seen) && seen.heard == Heard::Ok && seen.boottime == wanted(seen);
    let expected = format!("in /proc/PID/timens_offsets, boottime {}", in_words(wanted(seen)));
    Outcome::of(AHEAD, holds, expected, with_return(seen, format!("boottime {}", in_words(seen.boottime))))
}

fn monotonic(seen: &Seen) -> Outcome {
    let holds = seen.alive && is_own(seen) && seen.monotonic == Offset(0, 0);
    let observed = if is_own(seen) {
        format!("monotonic {}", in_words(seen.monotonic))
    } else {
        "there is no new time namespace".to_string()
    };
    let expected = format!("in /proc/PID/timens_offsets, monotonic {}", in_words(Offset(0, 0)));
    Outcome::of(MONOTONIC, holds, expected, with_return(seen, observed))
}

fn stays(seen: &Seen) -> Outcome {
    let others = besides(&seen.left, CHILDREN);
    let expected = "all other files in /proc/PID/ns are what they were";
    let observed = format!("it has left: {}", list(&others));
    Outcome::of(STAYS, seen.alive && others.is_empty(), expected, with_return(seen, observed))
}

fn refused(runs: &[Seen], too_far: &Seen) -> Outcome {
    let usual = runs.iter().all(|seen| seen.heard == Heard::Ok);
    let told = matches!(too_far.heard, Heard::Error(_)) && !too_far.heard.is_bare_error();
    let expected = "an error with a context for 147 years (the kernel's limit is 146), and Ok for less";
    let observed = match (told, usual) {
        (true, false) => "the function failed for an allowed offset, too".to_string(),
        _ => in_full(&too_far.heard),
    };
    Outcome::of(REFUSED, usual && told, expected, observed)
}

fn in_words(offset: Offset) -> String {
    format!("{} s {} ns", offset.0, offset.1)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen], too_far: &Seen) -> Option<&'static Mistake> {
    let all = |holds: fn(&Seen) -> bool| runs.iter().all(holds);
    let zero = |seen: &Seen| seen.boottime == Offset(0, 0) && seen.monotonic == Offset(0, 0);
    if !all(|seen| seen.alive) {
        return None;
    }
    if all(|seen| seen.left.is_empty()) {
        // The clocks there aren't the caller's to set (EPERM), or they are, for the machine's root, and frozen (EACCES).
        let written_first = all(|seen| {
            is_errno(&seen.heard, "os error 1)", "EPERM") || is_errno(&seen.heard, "os error 13)", "EACCES")
        });
        return Some(if written_first { &WRITTEN_FIRST } else { &NO_NAMESPACE });
    }
    if !all(is_own) {
        return None;
    }
    if all(|seen| seen.left.contains(&"time")) {
        return Some(&JOINED_ITSELF);
    }
    if runs.iter().all(zero) {
        let error = all(|seen| matches!(seen.heard, Heard::Error(_)));
        return match (error, all(|seen| seen.frozen)) {
            (true, true) => Some(&TOO_LATE),
            (true, false) if all(|seen| is_errno(&seen.heard, "os error 22)", "EINVAL")) => Some(&NO_SUCH_LINE),
            (false, false) if all(|seen| seen.heard == Heard::Ok) => Some(&NEVER_SET),
            _ => None,
        };
    }
    // The short time tells units apart: more of them would be refused.
    let short = runs.iter().min_by_key(|seen| seen.asked)?;
    if is_another_unit(short.boottime, short.asked) {
        return Some(&WRONG_UNIT);
    }
    match () {
        // By whole seconds or exactly: which clock it is comes first.
        () if all(|seen| seen.monotonic != Offset(0, 0) && seen.boottime == Offset(0, 0)) => Some(&WRONG_CLOCK),
        () if all(|seen| seen.monotonic != Offset(0, 0)) => Some(&BOTH_CLOCKS),
        () if all(|seen| seen.boottime == Offset(wanted(seen).0, 0)) => Some(&WHOLE_SECONDS),
        () if all(counts_from_boot) => Some(&ABSOLUTE),
        () if runs.iter().all(|seen| seen.boottime == runs[0].boottime) => Some(&ALWAYS_THE_SAME),
        () if all(|seen| seen.heard == Heard::Ok && seen.boottime == wanted(seen)) => with_a_refusal(too_far),
        () => None,
    }
}

/// What the kernel said, as nix words it (`EINVAL: Invalid argument`) or std.
/// Whether the kernel said this, in std's words or in nix's.
fn is_errno(heard: &Heard, in_std: &str, in_nix: &str) -> bool {
    let Heard::Error(chain) = heard else { return false };
    chain.last().is_some_and(|last| last.contains(in_std) || last.contains(in_nix))
}

fn is_another_unit(offset: Offset, asked: Duration) -> bool {
    [asked.as_millis(), asked.as_micros(), asked.as_nanos()].contains(&(offset.0.max(0) as u128))
}

/// What the clock shall show, rather than how far it shall be ahead.
fn counts_from_boot(seen: &Seen) -> bool {
    const MOMENT: i64 = 30;
    seen.boottime.0 != wanted(seen).0 && (seen.boottime.0 - wanted(seen).0 - seen.up).abs() < MOMENT
}

fn with_a_refusal(too_far: &Seen) -> Option<&'static Mistake> {
    match &too_far.heard {
        Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        heard if heard.is_bare_error() => Some(&BARE_ERRNO),
        _ => None,
    }
}

/// What was seen, and what the function returned where that isn't Ok. Of a program that has ended only the latter is known.
fn with_return(seen: &Seen, observed: String) -> String {
    seen.heard.beside(seen.alive, observed)
}

#[cfg(test)]
mod tests;
