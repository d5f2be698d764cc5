//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};
use nix::sys::signal::Signal;

use super::look::{Leaving, Listening, ORPHANS, Seen, Serving};
use super::mistakes::*;

const REAPED: &str = "orphans that have ended are gone, while the command runs on";
const TERM: &str = "TERM ends a command without a handler; 128 + 15 is returned";
const OTHERS: &str = "other signals reach the command, too; its exit code is returned";
const ENDS: &str = "the command's end is the end, although something that it started lives on";
const ONCE: &str = "if the command can't be started, that is said, and no second process comes back";

/// Exit code of a process that was killed by TERM, as shells and Docker count.
const BY_TERM: i32 = 128 + Signal::SIGTERM as i32;
/// What the command of the second run ends with when another signal comes than the init got.
const WRONG_SIGNAL: i32 = 98;
/// And of a command that isn't there.
const NOT_FOUND: i32 = 127;

/// One run for each thing that an init has to do.
#[derive(Debug, Clone)]
pub struct Runs {
    pub serving: Serving,
    pub listening: Listening,
    pub leaving: Leaving,
    pub missing: Seen,
}

pub fn judge(runs: &Runs) -> Judgement {
    let outcomes = vec![
        reaped(&runs.serving),
        term(&runs.serving),
        others(&runs.listening),
        ends(&runs.leaving),
        once(&runs.missing),
    ];
    // Not of the command that isn't there: that the answer says so is right.
    let printed = [&runs.serving.seen, &runs.listening.seen, &runs.leaving.seen].map(|seen| &seen.printed);
    Judgement::new(outcomes, mistake(runs), printed)
}

fn reaped(serving: &Serving) -> Outcome {
    let seen = &serving.seen;
    let all_there = seen.began && serving.orphans == ORPHANS;
    let holds = all_there && serving.zombies == 0 && !serving.too_soon && serving.number != Some(1);
    let observed = match serving.zombies {
        _ if !seen.began => not_begun(seen),
        _ if !all_there => format!("{} orphans were seen alive", serving.orphans),
        0 if serving.too_soon && serving.command_lived => {
            "the function had returned while the command still ran".to_string()
        }
        0 if serving.too_soon => "the command had ended before anything was sent to it but CONT".to_string(),
        0 => "the command itself is PID 1".to_string(),
        some => format!("{some} of {ORPHANS} are zombies still (state Z), children of PID 1"),
    };
    let expected = format!("{ORPHANS} orphans end at once, and PID 1 waits for them all");
    Outcome::of(REAPED, holds, expected, observed)
}

fn term(serving: &Serving) -> Outcome {
    let seen = &serving.seen;
    let holds = seen.began && !serving.too_soon && seen.heard == Heard::Number(BY_TERM);
    let observed = match &seen.heard {
        _ if !seen.began => not_begun(seen),
        _ if serving.too_soon => "the function had returned before that".to_string(),
        Heard::Silence(_) => "PID 1 got TERM, and the command runs on".to_string(),
        heard => heard.in_words(),
    };
    Outcome::of(TERM, holds, format!("PID 1 gets TERM, and the function returns {BY_TERM}"), observed)
}

fn others(listening: &Listening) -> Outcome {
    let Listening { seen, signal, code } = listening;
    let holds = seen.began && seen.heard == Heard::Number(*code);
    let observed = match &seen.heard {
        _ if !seen.began => not_begun(seen),
        Heard::Silence(_) => format!("PID 1 got {signal}, and the command waits for it still"),
        Heard::Number(WRONG_SIGNAL) => format!("PID 1 got {signal}, and the command another one"),
        heard => heard.in_words(),
    };
    let expected = format!("PID 1 gets {signal}, the command takes it and ends with {code}, {code} is returned");
    Outcome::of(OTHERS, holds, expected, observed)
}

fn ends(leaving: &Leaving) -> Outcome {
    let Leaving { seen, code, command_is_gone, other_lives } = leaving;
    let holds = seen.heard == Heard::Number(*code);
    let observed = match &seen.heard {
        Heard::Silence(_) if *command_is_gone && *other_lives => {
            "the command has ended, and the function hasn't returned".to_string()
        }
        heard => heard.in_words(),
    };
    Outcome::of(ENDS, holds, format!("the command ends with {code}, and the function returns {code}"), observed)
}

fn once(seen: &Seen) -> Outcome {
    let silent = seen.heard == Heard::Number(NOT_FOUND) && seen.printed.trim().is_empty();
    let told = matches!(seen.heard, Heard::Number(NOT_FOUND) | Heard::Error(_)) && !silent;
    let holds = told && seen.came_back == [1];
    let others: Vec<i32> = seen.came_back.iter().copied().filter(|number| *number != 1).collect();
    let observed = match &others[..] {
        [] if silent => format!("{}, and nobody said why", seen.heard.in_words()),
        [] => seen.heard.in_words(),
        [number, ..] => format!("number {number} came back from the function, which was the child"),
    };
    Outcome::of(
        ONCE,
        holds,
        format!("PID 1 returns {NOT_FOUND}, and why is printed (or it is an error); nobody else returns"),
        observed,
    )
}

fn not_begun(seen: &Seen) -> String {
    match &seen.heard {
        Heard::Silence(_) => "the command was never seen to run".to_string(),
        heard => heard.in_words(),
    }
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &Runs) -> Option<&'static Mistake> {
    let Runs { serving, listening, leaving, missing } = runs;
    if missing.came_back.iter().any(|number| *number != 1) {
        return Some(&CAME_BACK_TWICE);
    }
    if !serving.seen.began || serving.orphans != ORPHANS {
        return None;
    }
    if serving.number == Some(1) {
        return Some(&IS_THE_COMMAND);
    }
    if serving.too_soon && serving.command_lived {
        // Orphans were killed, so what ended first can't have been the command.
        return Some(&ANY_CHILD).filter(|_| matches!(serving.seen.heard, Heard::Number(_)));
    }
    let deaf = matches!((&serving.seen.heard, &listening.seen.heard), (Heard::Silence(_), Heard::Silence(_)));
    match (serving.zombies, &serving.seen.heard) {
        (ORPHANS, _) if deaf => return Some(&ONLY_WAITS),
        (ORPHANS, Heard::Number(BY_TERM)) => return Some(&NEVER_REAPS),
        (1.., Heard::Number(BY_TERM)) => return Some(&ONE_A_SIGNAL),
        (0, _) if deaf => return Some(&FORWARDS_NOTHING),
        (0, _) => {}
        _ => return None,
    }
    after_reaping(&serving.seen.heard, listening, leaving)
}

fn after_reaping(term: &Heard, listening: &Listening, leaving: &Leaving) -> Option<&'static Mistake> {
    const BY_KILL: i32 = 128 + Signal::SIGKILL as i32;
    const TERMS_NUMBER: i32 = Signal::SIGTERM as i32;
    let waits_for_all = leaving.command_is_gone && leaving.other_lives;
    match (term, &listening.seen.heard, &leaving.seen.heard) {
        (Heard::Number(BY_TERM), Heard::Number(_), Heard::Silence(_)) if waits_for_all => Some(&WAITS_FOR_ALL),
        (Heard::Number(BY_KILL), Heard::Number(BY_KILL), _) => Some(&KILLS),
        (Heard::Number(BY_TERM), Heard::Number(WRONG_SIGNAL), _) => Some(&ALWAYS_TERM),
        (Heard::Number(TERMS_NUMBER), Heard::Number(code), _) if *code == listening.code => Some(&BARE_SIGNAL),
        (Heard::Number(0), Heard::Number(0), Heard::Number(0)) => Some(&NO_CODE),
        (Heard::Number(BY_TERM), Heard::Silence(_), _) => Some(&ONLY_TERM),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
