//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};
use lab::look::IdRange;

use super::look::Seen;
use super::mistakes::*;
use checker::namespaces::{besides, list};

const OWN: &str = "the process is in a user namespace of its own";
const USER: &str = "its user is root there, and outside who it was; nobody else is mapped";
const GROUP: &str = "its group is root's there, and outside the one it was; no other is mapped";
const SETGROUPS: &str = "setgroups was denied there before the group was mapped";
const CAPABLE: &str = "it has every capability there";
const ELSE: &str = "it has left no other namespace";
const REFUSED: &str = "a refusal comes back as an error that says what was refused";

/// `runs` had different ids; in `refused` the kernel allows no user namespace; `tell` are worlds in which a wrong number happens
/// to be right.
pub fn judge(runs: &[Seen], refused: &Seen, tell: &[Seen]) -> Judgement {
    let outcomes = vec![
        Outcome::of_runs(runs, own),
        Outcome::of_runs(runs, |seen| mapped(seen, USER, &seen.uid_map, seen.outside.uid, seen.outside_before.uid)),
        Outcome::of_runs(runs, |seen| mapped(seen, GROUP, &seen.gid_map, seen.outside.gid, seen.outside_before.gid)),
        Outcome::of_runs(runs, setgroups),
        Outcome::of_runs(runs, capable),
        Outcome::of_runs(runs, nothing_else),
        says_why(runs, refused),
    ];
    let printed = runs.iter().chain([refused]).map(|seen| &seen.printed);
    Judgement::new(outcomes, mistake(runs, refused, tell), printed)
}

/// The answer made a namespace, and failed before the user was mapped in it.
pub fn was_refused(seen: &Seen) -> bool {
    seen.alive && is_own(seen) && is_error(seen) && seen.uid_map.is_empty()
}

fn is_error(seen: &Seen) -> bool {
    matches!(seen.heard, Heard::Error(_))
}

fn is_own(seen: &Seen) -> bool {
    seen.left.contains(&"user")
}

fn own(seen: &Seen) -> Outcome {
    let expected = "after the call, /proc/PID/ns/user is another one than before";
    Outcome::of(OWN, seen.alive && is_own(seen), expected, with_return(seen, "it is the same one".into()))
}

/// One line that makes the caller's own id 0.
fn is_root_alone(map: &[IdRange], outside: u32) -> bool {
    *map == [IdRange { inside: 0, outside, length: 1 }]
}

fn mapped(seen: &Seen, claim: &'static str, map: &[IdRange], outside: u32, before: u32) -> Outcome {
    let holds = seen.alive && is_own(seen) && outside == before && is_root_alone(map, before);
    let observed = if !is_own(seen) {
        "there is no new user namespace".to_string()
    } else if outside != before {
        format!("its id outside is {outside} now")
    } else {
        in_words(map, before)
    };
    let expected = format!("/proc/PID/{} has one line, that maps 0 to its own id", file(claim));
    Outcome::of(claim, holds, expected, with_return(seen, observed))
}

fn file(claim: &str) -> &'static str {
    if claim == USER { "uid_map" } else { "gid_map" }
}

fn in_words(map: &[IdRange], own: u32) -> String {
    let whose = |id| if id == own { "its own".to_string() } else { format!("id {id}") };
    let line = |range: &IdRange| match range.length {
        1 => format!("it maps {} to {}", range.inside, whose(range.outside)),
        many => format!("it maps {many} ids from {} on to those from {} on", range.inside, whose(range.outside)),
    };
    if map.is_empty() { "it is empty".into() } else { map.iter().map(line).collect::<Vec<_>>().join(", and ") }
}

fn setgroups(seen: &Seen) -> Outcome {
    let holds = seen.alive && is_own(seen) && denied_in_time(seen);
    let observed = match seen.written[..] {
        _ if !is_own(seen) => "there is no new user namespace".to_string(),
        [] => "none of the three files was written to".to_string(),
        _ => format!("written to, in this order: {}", list(&seen.written)),
    };
    let expected = "\"deny\" was written to /proc/PID/setgroups, and gid_map afterwards if at all";
    Outcome::of(SETGROUPS, holds, expected, with_return(seen, observed))
}

fn denied_in_time(seen: &Seen) -> bool {
    let place = |file| seen.written.iter().position(|written| *written == file);
    let denied = place("setgroups").filter(|_| seen.setgroups == "deny");
    denied.is_some_and(|denied| place("gid_map").is_none_or(|mapped| denied < mapped))
}

fn capable(seen: &Seen) -> Outcome {
    let holds = seen.alive && is_own(seen) && seen.lacks == 0;
    let observed = match seen.lacks {
        0 => "there is no new user namespace".to_string(),
        some => format!("CapEff lacks {} of them ({some:#x})", some.count_ones()),
    };
    Outcome::of(CAPABLE, holds, "CapEff in /proc/PID/status has all bits set", with_return(seen, observed))
}

fn nothing_else(seen: &Seen) -> Outcome {
    let others = besides(&seen.left, "user");
    let holds = seen.alive && others.is_empty();
    let expected = "all other files in /proc/PID/ns are what they were";
    Outcome::of(ELSE, holds, expected, with_return(seen, format!("it has also left: {}", list(&others))))
}

fn says_why(runs: &[Seen], refused: &Seen) -> Outcome {
    let usual = runs.iter().all(|seen| seen.heard == Heard::Ok);
    let told = matches!(refused.heard, Heard::Error(_)) && !refused.heard.is_bare_error();
    let expected = "where the kernel allows no user namespace: an error with a context; elsewhere none";
    let observed = if told && !usual {
        "where it allows one, there is an error, too".to_string()
    } else {
        refused.heard.in_words()
    };
    Outcome::of(REFUSED, usual && told, expected, observed)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen], refused: &Seen, tell: &[Seen]) -> Option<&'static Mistake> {
    let all = |holds: fn(&Seen) -> bool| runs.iter().all(holds);
    if !all(|seen| seen.alive) {
        return None;
    }
    if all(|seen| !is_own(seen)) {
        return Some(&NO_NAMESPACE).filter(|_| all(|seen| seen.left.is_empty()));
    }
    let user = all(|seen| is_root_alone(&seen.uid_map, seen.outside_before.uid));
    if user && all(|seen| !denied_in_time(seen) && (seen.written.contains(&"gid_map") || is_error(seen))) {
        return Some(&SETGROUPS_ALLOWED);
    }
    if all(is_error) {
        return after_an_error(runs, tell);
    }
    if !all(|seen| seen.heard == Heard::Ok) {
        return None;
    }
    match () {
        () if all(|seen| seen.uid_map.is_empty()) => Some(&UNMAPPED),
        () if all(is_itself) => Some(&MAPPED_TO_ITSELF),
        () if user && all(|seen| seen.gid_map.is_empty()) => Some(&GROUP_UNMAPPED),
        () if user && all(|seen| is_root_alone(&seen.gid_map, seen.outside_before.gid)) => with_a_refusal(refused),
        () => None,
    }
}

fn after_an_error(runs: &[Seen], tell: &[Seen]) -> Option<&'static Mistake> {
    let all = |holds: fn(&Seen) -> bool| runs.iter().all(holds);
    // The wrong number happens to be right for this user.
    let passes_as = |id| tell.iter().any(|seen| seen.world.uid == id && !seen.uid_map.is_empty());
    if !all(was_refused) {
        return None;
    }
    match (passes_as(super::OVERFLOW), passes_as(super::FIRST_USER)) {
        (true, false) => Some(&READ_TOO_LATE),
        (false, true) => Some(&ALWAYS_THE_SAME_ID),
        _ if all(is_malformed) => Some(&MALFORMED),
        _ => None,
    }
}

/// The kernel couldn't read what was written, and the answer handed its word on.
fn is_malformed(seen: &Seen) -> bool {
    let last = match &seen.heard {
        Heard::Error(chain) => chain.last(),
        _ => None,
    };
    last.is_some_and(|error| error.starts_with("EINVAL") || error.contains("os error 22"))
}

fn is_itself(seen: &Seen) -> bool {
    let same = |map: &[IdRange], inside, outside| *map == [IdRange { inside, outside, length: 1 }];
    same(&seen.uid_map, seen.world.uid, seen.outside_before.uid)
}

fn with_a_refusal(refused: &Seen) -> Option<&'static Mistake> {
    match &refused.heard {
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
