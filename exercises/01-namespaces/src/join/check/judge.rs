//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::Seen;
use super::mistakes::*;
use checker::namespaces::{in_full, list};

const ALL_JOINED: &str = "an ordinary user is in every namespace of their container";
const CHILDREN: &str = "the caller's children will be born in the container's PID namespace";
const SHARED: &str = "it also works where some namespaces are shared already";
const ROOT: &str = "it also works where the caller is root of the container's user namespace already";
const IN_LAB: &str = "it also works where the container runs in a lab, with which it shares some";
const GONE: &str = "a container that is gone is an error that says so";
const ANOTHERS: &str = "somebody else's container is an error that says so, and nothing is joined";

#[derive(Debug, Clone)]
pub struct Runs {
    /// A container with everything of its own; one that shares something; one in the caller's user namespace.
    pub apart: Seen,
    pub sharing: Seen,
    pub inside: Seen,
    /// One in a lab, whose namespaces belong to another user namespace than the container's, and than the caller's.
    pub in_lab: Seen,
    /// A container that has ended, and a process that is no business of the caller's.
    pub gone: Seen,
    pub anothers: Seen,
}

impl Runs {
    /// For an answer that ended the program, or never returned: it will do so everywhere.
    pub fn only(seen: Seen) -> Runs {
        let [sharing, inside, in_lab, gone, anothers] = std::array::from_fn(|_| seen.clone());
        Runs { apart: seen, sharing, inside, in_lab, gone, anothers }
    }
}

pub fn judge(runs: &Runs) -> Judgement {
    let Runs { apart, sharing, inside, in_lab, gone, anothers } = runs;
    let outcomes = vec![
        joined(ALL_JOINED, apart, &["pid"]),
        children(apart),
        joined(SHARED, sharing, &[]),
        joined(ROOT, inside, &[]),
        joined(IN_LAB, in_lab, &[]),
        refused(GONE, gone),
        refused(ANOTHERS, anothers),
    ];
    let printed = [apart, sharing, inside, in_lab, gone, anothers].map(|seen| &seen.printed);
    Judgement::new(outcomes, mistake(runs), printed)
}

fn has_joined(seen: &Seen) -> bool {
    seen.alive && seen.heard == Heard::Ok && seen.container_lives && seen.apart.is_empty()
}

/// `elsewhere` are kinds that another check is about.
fn joined(claim: &'static str, seen: &Seen, elsewhere: &[&str]) -> Outcome {
    let missing: Vec<&str> = seen.apart.iter().copied().filter(|kind| !elsewhere.contains(kind)).collect();
    let holds = seen.alive && seen.heard == Heard::Ok && seen.container_lives && missing.is_empty();
    let observed = match () {
        () if !seen.container_lives => "the container has ended".to_string(),
        () if missing.is_empty() => "it is".to_string(),
        () => format!("not the same as the container's: {}", list(&missing)),
    };
    let expected = "the files in the caller's /proc/PID/ns are the container's, by their inode numbers";
    Outcome::of(claim, holds, expected, with_return(seen, observed))
}

fn children(seen: &Seen) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && !seen.apart.contains(&"pid");
    let expected = "the caller's pid_for_children is the container's pid";
    Outcome::of(CHILDREN, holds, expected, with_return(seen, "it is another one".into()))
}

fn refused(claim: &'static str, seen: &Seen) -> Outcome {
    let told = matches!(seen.heard, Heard::Error(_)) && !seen.heard.is_bare_error();
    let holds = seen.alive && told && seen.left.is_empty();
    let observed = match seen.left[..] {
        [] => in_full(&seen.heard),
        _ => format!("{}; the caller has left: {}", in_full(&seen.heard), list(&seen.left)),
    };
    Outcome::of(claim, holds, "an error with a context, and the caller is where it was", observed)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &Runs) -> Option<&'static Mistake> {
    let Runs { apart, sharing, inside, in_lab, gone, anothers } = runs;
    if [apart, sharing, inside, in_lab].iter().any(|seen| !seen.alive || !seen.container_lives) {
        return None;
    }
    if !has_joined(apart) {
        return match &apart.heard {
            Heard::Ok => not_all(apart),
            // The first one was refused, which is none where the caller has the powers already.
            Heard::Error(_) if apart.left.is_empty() && has_joined(inside) => Some(&USER_NOT_FIRST),
            Heard::Error(_) if !apart.apart.contains(&"mnt") => Some(&OPENED_TOO_LATE),
            _ => None,
        };
    }
    let failed = |seen: &Seen| matches!(seen.heard, Heard::Error(_)) && !seen.apart.is_empty();
    match () {
        () if failed(inside) || failed(sharing) => Some(&ALREADY_THERE),
        () if !has_joined(inside) || !has_joined(sharing) => None,
        () if failed(in_lab) => Some(&ONE_BY_ONE),
        () if !has_joined(in_lab) => None,
        () if gone.heard == Heard::Ok || anothers.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if gone.heard.is_bare_error() || anothers.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

fn not_all(seen: &Seen) -> Option<&'static Mistake> {
    match seen.apart[..] {
        ["pid"] => Some(&NO_PID),
        _ if seen.left.is_empty() => Some(&NOTHING_CHANGED),
        _ if seen.apart.len() < seen.apart_before.len() => Some(&NOT_ALL),
        _ => None,
    }
}

/// What was seen, and what the function returned where that isn't Ok. Of a program that has ended only the latter is known.
fn with_return(seen: &Seen, observed: String) -> String {
    seen.heard.beside(seen.alive, observed)
}

#[cfg(test)]
mod tests;
