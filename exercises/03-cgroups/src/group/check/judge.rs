//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Part, Seen};
use super::mistakes::*;
use crate::mistakes::OTHER_VERSION;

const MADE: &str = "create makes the group in every tree";
const NOBODY: &str = "create moves nobody into it";
const TAKEN: &str = "a group that is there already is an error, and then none is made";
const JOINED: &str = "join moves the process that calls it into each of them, and no other";
const THREADS: &str = "with all its threads";
const GONE: &str = "to join a group that isn't there is an error that says so";

/// One run for each case; fewer, if one ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let [create, join, taken, gone] = Case::ALL.map(|case| of(runs, case));
    let outcomes = vec![made(create), nobody(create), refused_taken(taken), joined(join), threads(join), {
        gone.run.refused(GONE, gone.case == Case::Gone, moved(gone))
    }];
    // Not of those that are refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), [&create.run.printed, &join.run.printed])
}

/// It may never have come to that: then what came of the last run is what there is to say.
fn of(runs: &[Seen], case: Case) -> &Seen {
    runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
}

fn list(seen: &Seen, which: impl Fn(&&Part) -> bool) -> Vec<String> {
    seen.parts.iter().filter(which).map(|part| part.folder.display().to_string()).collect()
}

/// The first of them, and how many more there are.
fn some(folders: &[String]) -> String {
    match folders {
        [] => "none".into(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first} and {} more", more.len()),
    }
}

fn made(seen: &Seen) -> Outcome {
    let missing = list(seen, |part| !part.made);
    let holds = seen.case == Case::Create && !seen.parts.is_empty() && missing.is_empty();
    seen.run.outcome(MADE, holds, &format!("{} groups", seen.parts.len()), format!("missing: {}", some(&missing)))
}

fn nobody(seen: &Seen) -> Outcome {
    let full = list(seen, |part| part.caller || part.others);
    let holds = seen.case == Case::Create && list(seen, |part| part.made).len() == seen.parts.len() && full.is_empty();
    let observed =
        if full.is_empty() { "there is no group".into() } else { format!("there are some in {}", some(&full)) };
    seen.run.outcome(NOBODY, holds, "no process in cgroup.procs", observed)
}

fn refused_taken(seen: &Seen) -> Outcome {
    let kept = match left_behind(seen) {
        _ if seen.case != Case::Taken => Ok(()),
        (_, false) => Err("the one that was there is gone".into()),
        (left, _) if !left.is_empty() => Err(format!("{} was made", some(&left))),
        _ => Ok(()),
    };
    seen.run.refused(TAKEN, seen.case == Case::Taken, kept)
}

/// The groups that were made, and whether the last, which was there, is there still.
fn left_behind(seen: &Seen) -> (Vec<String>, bool) {
    let Some((last, others)) = seen.parts.split_last() else { return (vec![], false) };
    let left = others.iter().filter(|part| part.made).map(|part| part.folder.display().to_string());
    (left.collect(), last.made)
}

fn joined(seen: &Seen) -> Outcome {
    let outside = list(seen, |part| !part.caller);
    let others = list(seen, |part| part.others);
    let holds = seen.case == Case::Join && !seen.parts.is_empty() && outside.is_empty() && others.is_empty();
    let observed = match others.is_empty() {
        true => format!("it isn't in {}", some(&outside)),
        false if outside.is_empty() => format!("another one is in {}", some(&others)),
        false => format!("it isn't in {}, and another one is in {}", some(&outside), some(&others)),
    };
    seen.run.outcome(JOINED, holds, "its number in each cgroup.procs", observed)
}

fn threads(seen: &Seen) -> Outcome {
    let outside = list(seen, |part| !part.threads);
    let holds = seen.case == Case::Join && !seen.parts.is_empty() && outside.is_empty();
    seen.run.outcome(THREADS, holds, "both of them", format!("not so in {}", some(&outside)))
}

fn moved(seen: &Seen) -> Result<(), String> {
    match list(seen, |part| part.made) {
        made if seen.case == Case::Gone && !made.is_empty() => Err(format!("{} was made", some(&made))),
        _ => Ok(()),
    }
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
        return None;
    }
    let [create, join, taken, gone] = Case::ALL.map(|case| of(runs, case));
    let all = |seen: &Seen, so: fn(&Part) -> bool| seen.parts.iter().all(so);
    let any = |seen: &Seen, so: fn(&Part) -> bool| seen.parts.iter().any(so);
    if create.run.heard == Heard::Ok && all(create, |part| part.made) && join.run.missed_a_file() {
        return Some(&OTHER_VERSION);
    }
    if create.run.heard != Heard::Ok || join.run.heard != Heard::Ok {
        return None;
    }
    match () {
        () if !all(create, |part| part.made) => any(create, |part| part.made).then_some(&ONE_TREE),
        () if any(create, |part| part.caller) => Some(&CREATOR_JOINED),
        () if any(create, |part| part.others) => None,
        () if any(join, |part| part.others) && !any(join, |part| part.caller) => Some(&SOMEBODY_ELSE),
        () if any(join, |part| part.others) => None,
        () if !all(join, |part| part.caller) => any(join, |part| part.caller).then_some(&ONE_TREE),
        () if !all(join, |part| part.threads) => Some(&ONE_THREAD),
        () if taken.run.heard == Heard::Ok => Some(&TOOK_ANOTHERS),
        () if !left_behind(taken).0.is_empty() => Some(&LEFT_BEHIND),
        () if !left_behind(taken).1 => Some(&REMOVED_ANOTHERS),
        () if moved(gone).is_err() => None,
        () if gone.run.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if taken.run.heard.is_bare_error() || gone.run.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    /// What a right answer shows, with two trees.
    fn right(case: Case) -> Seen {
        let refusal = Heard::Error(vec!["mkdir".into(), "EEXIST: File exists".into()]);
        let heard = if matches!(case, Case::Create | Case::Join) { Heard::Ok } else { refusal };
        let part = |folder: &str, last: bool| Part {
            folder: folder.into(),
            made: matches!(case, Case::Create | Case::Join) || case == Case::Taken && last,
            caller: case == Case::Join,
            threads: case == Case::Join,
            others: false,
        };
        let run = Run { heard, alive: true, printed: String::new() };
        Seen { case, run, parts: vec![part("/s/cpu/box", false), part("/s/pids/box", true)] }
    }

    fn judged(case: Case, change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = Case::ALL.map(right);
        runs.iter_mut().filter(|seen| seen.case == case).for_each(change);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(Case::Create, |_| {}), (vec![], None));
    }

    #[test]
    fn a_tree_that_was_forgotten_is_missed() {
        let created = judged(Case::Create, |seen| seen.parts[1].made = false);
        assert_eq!(created, (vec![MADE, NOBODY], Some("one-tree")));
        let joined = judged(Case::Join, |seen| (seen.parts[0].caller, seen.parts[0].threads) = (false, false));
        assert_eq!(joined, (vec![JOINED, THREADS], Some("one-tree")));
    }

    #[test]
    fn who_is_in_the_group_is_told_apart() {
        assert_eq!(judged(Case::Create, |seen| seen.parts[0].caller = true), (vec![NOBODY], Some("creator-joined")));
        let other = |part: &mut Part| (part.caller, part.threads, part.others) = (false, false, true);
        assert_eq!(
            judged(Case::Join, |seen| seen.parts.iter_mut().for_each(other)),
            (vec![JOINED, THREADS], Some("somebody-else"))
        );
        let thread = judged(Case::Join, |seen| seen.parts[1].threads = false);
        assert_eq!(thread, (vec![THREADS], Some("one-thread")));
    }

    #[test]
    fn a_file_that_the_group_has_not_got_is_of_the_other_version() {
        let refused = Heard::Error(vec!["joining".into(), "Permission denied (os error 13)".into()]);
        let joined = judged(Case::Join, |seen| seen.run.heard = refused.clone());
        assert_eq!(joined, (vec![JOINED, THREADS], Some("other-version")));
        assert_eq!(judged(Case::Create, |seen| seen.run.heard = refused.clone()).1, None);
    }

    #[test]
    fn what_is_there_or_not_there_has_to_be_told() {
        let ok = |seen: &mut Seen| seen.run.heard = Heard::Ok;
        assert_eq!(judged(Case::Taken, ok), (vec![TAKEN], Some("took-anothers")));
        let left = judged(Case::Taken, |seen| seen.parts[0].made = true);
        assert_eq!(left, (vec![TAKEN], Some("left-behind")));
        let removed = judged(Case::Taken, |seen| seen.parts[1].made = false);
        assert_eq!(removed, (vec![TAKEN], Some("removed-anothers")));
        assert_eq!(judged(Case::Gone, ok), (vec![GONE], Some("swallowed-the-error")));
        let bare = |seen: &mut Seen| seen.run.heard = Heard::Error(vec!["No such file (os error 2)".into()]);
        assert_eq!(judged(Case::Gone, bare), (vec![GONE], Some("bare-errno")));
        assert_eq!(judged(Case::Gone, |seen| seen.parts[0].made = true), (vec![GONE], None));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let ended = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run: ended, ..right(Case::Create) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (6, None));
        let refuses = Run { heard: Heard::Error(vec!["a".into(), "b".into()]), alive: false, printed: String::new() };
        assert_eq!(judge(&[Seen { run: refuses, ..right(Case::Create) }]).failing(), 6);
    }
}
