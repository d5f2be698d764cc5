//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Seen};
use super::mistakes::*;
use crate::mistakes::OTHER_VERSION;

const GIVEN: &str = "groups below the parent may have the controllers";
const MOVED: &str = "its processes are in a group below it, ours and the other one";
const TWICE: &str = "asked a second time, it is content";
const HYBRID: &str = "a controller that the tree hasn't got is passed over";
const ENDING: &str = "a process that ends meanwhile is no error";
const V1: &str = "on v1 there is nothing to do, and nothing is done";
const GONE: &str = "a parent that isn't there is an error that says so";

/// One run for each case; fewer, if one ended the program, or where there is no v1.
pub fn judge(runs: &[Seen]) -> Judgement {
    let last = &runs[runs.len() - 1];
    let of = |case: Case| find(runs, case).unwrap_or(last);
    let mut outcomes = vec![
        given(GIVEN, of(Case::Busy), Case::Busy),
        moved(of(Case::Busy)),
        given(TWICE, of(Case::Twice), Case::Twice),
        given(HYBRID, of(Case::Hybrid), Case::Hybrid),
        given(ENDING, of(Case::Ending), Case::Ending),
    ];
    outcomes.extend(find(runs, Case::V1).map(untouched));
    outcomes.push(refused(of(Case::Gone)));
    // Not of the one that is refused: that the answer says so is right.
    let printed = runs.iter().filter(|seen| seen.case != Case::Gone).map(|seen| &seen.run.printed);
    Judgement::new(outcomes, mistake(runs), printed)
}

fn find(runs: &[Seen], case: Case) -> Option<&Seen> {
    runs.iter().find(|seen| seen.case == case)
}

fn has_all(seen: &Seen) -> bool {
    !seen.wanted.is_empty() && seen.wanted.iter().all(|wanted| seen.given.contains(wanted))
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "nothing".into() } else { words.join(" ") }
}

fn given(claim: &'static str, seen: &Seen, case: Case) -> Outcome {
    let expected = format!("{} in cgroup.subtree_control", list(&seen.wanted));
    seen.run.outcome(claim, seen.case == case && has_all(seen), &expected, list(&seen.given))
}

fn is_moved(seen: &Seen) -> bool {
    seen.in_parent == 0 && seen.program_below && seen.other_below
}

fn moved(seen: &Seen) -> Outcome {
    let observed = match (seen.program_below, seen.other_below) {
        (true, true) => format!("they are, and {} more are in the parent", seen.in_parent),
        (true, false) => "the other one isn't".into(),
        (false, true) => "the program itself isn't".into(),
        (false, false) if seen.beside => "they are in a group beside it".into(),
        (false, false) => "neither is".into(),
    };
    seen.run.outcome(MOVED, seen.case == Case::Busy && is_moved(seen), "both, and none in the parent", observed)
}

fn untouched(seen: &Seen) -> Outcome {
    let observed = if seen.has_children { "a group was made below it" } else { "its processes are elsewhere" };
    seen.run.outcome(V1, !seen.has_children && seen.in_parent == 2, "both processes where they were", observed.into())
}

fn refused(seen: &Seen) -> Outcome {
    seen.run.refused(GONE, seen.case == Case::Gone, Ok(()))
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    if runs.iter().any(|seen| !seen.run.alive) {
        return None;
    }
    let (busy, twice) = (find(runs, Case::Busy)?, find(runs, Case::Twice)?);
    let (hybrid, gone) = (find(runs, Case::Hybrid)?, find(runs, Case::Gone)?);
    let error = |seen: &Seen| matches!(seen.run.heard, Heard::Error(_));
    let ok = |seen: &Seen| seen.run.heard == Heard::Ok;
    match () {
        () if !has_all(busy) && busy.run.missed_a_file() => Some(&OTHER_VERSION),
        () if busy.beside && busy.in_parent == 0 => Some(&BESIDE),
        () if error(busy) && !has_all(busy) && !busy.program_below && !busy.other_below => Some(&STILL_BUSY),
        () if error(busy) && busy.program_below && !busy.other_below => Some(&ONLY_ITSELF),
        () if ok(busy) && is_moved(busy) && busy.given.is_empty() => Some(&NEVER_GIVEN),
        () if !ok(busy) || !is_moved(busy) || !has_all(busy) => None,
        () if error(twice) => Some(&ONCE),
        () if error(hybrid) => Some(&ALL_OR_NOTHING),
        () if !ok(twice) || !ok(hybrid) || !has_all(twice) || !has_all(hybrid) => None,
        () if find(runs, Case::V1).is_some_and(|v1| v1.has_children || !ok(v1)) => Some(&TOUCHES_V1),
        () if ok(gone) => Some(&SWALLOWED_THE_ERROR),
        () if gone.run.heard.is_bare_error() => Some(&BARE_ERRNO),
        () if error(find(runs, Case::Ending)?) => Some(&ENDED),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    fn error() -> Heard {
        Heard::Error(vec!["writing".into(), "Device or resource busy (os error 16)".into()])
    }

    /// What a right answer shows.
    fn right(case: Case) -> Seen {
        let heard = if case == Case::Gone { error() } else { Heard::Ok };
        let (on_v2, words) = (!matches!(case, Case::V1 | Case::Gone), vec!["cpu".to_string(), "pids".to_string()]);
        Seen {
            case,
            run: Run { heard, alive: true, printed: String::new() },
            wanted: if on_v2 { words.clone() } else { vec![] },
            given: if on_v2 { words } else { vec![] },
            in_parent: if case == Case::V1 { 2 } else { 0 },
            program_below: on_v2,
            other_below: on_v2,
            beside: false,
            has_children: on_v2,
        }
    }

    fn judged(cases: &'static [Case], change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = Case::ALL.map(right);
        runs.iter_mut().filter(|seen| cases.contains(&seen.case)).for_each(change);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    const ON_V2: &[Case] = &[Case::Busy, Case::Twice, Case::Hybrid, Case::Ending];

    #[test]
    fn a_right_answer_passes_also_where_there_is_no_v1() {
        assert_eq!(judged(&[], |_| {}), (vec![], None));
        let runs: Vec<Seen> = Case::ALL.map(right).into_iter().filter(|seen| seen.case != Case::V1).collect();
        assert_eq!((judge(&runs).failing(), judge(&runs).outcomes.len()), (0, 6));
    }

    #[test]
    fn ways_to_make_no_room_are_told_apart() {
        let busy = judged(ON_V2, |seen| {
            (seen.run.heard, seen.given, seen.in_parent) = (error(), vec![], 2);
            (seen.program_below, seen.other_below) = (false, false);
        });
        assert_eq!(busy, (vec![GIVEN, MOVED, TWICE, HYBRID, ENDING], Some("still-busy")));
        let beside = judged(ON_V2, |seen| {
            (seen.beside, seen.program_below, seen.other_below) = (true, false, false);
        });
        assert_eq!(beside, (vec![MOVED], Some("beside")));
        let no_file = Heard::Error(vec!["moving".into(), "Permission denied (os error 13)".into()]);
        let other = judged(ON_V2, |seen| (seen.run.heard, seen.given) = (no_file.clone(), vec![]));
        assert_eq!(other, (vec![GIVEN, MOVED, TWICE, HYBRID, ENDING], Some("other-version")));
        let itself = judged(ON_V2, |seen| {
            (seen.run.heard, seen.given, seen.in_parent, seen.other_below) = (error(), vec![], 1, false);
        });
        assert_eq!(itself.1, Some("only-itself"));
        let never = judged(ON_V2, |seen| seen.given = vec![]);
        assert_eq!(never, (vec![GIVEN, TWICE, HYBRID, ENDING], Some("never-given")));
        let some = judged(ON_V2, |seen| seen.given.truncate(1));
        assert_eq!(some, (vec![GIVEN, TWICE, HYBRID, ENDING], None));
    }

    #[test]
    fn what_is_asked_too_much_is_told_apart() {
        let fails = |seen: &mut Seen| seen.run.heard = error();
        assert_eq!(judged(&[Case::Twice], fails), (vec![TWICE], Some("once")));
        assert_eq!(judged(&[Case::Hybrid], fails), (vec![HYBRID], Some("all-or-nothing")));
        assert_eq!(judged(&[Case::Ending], fails), (vec![ENDING], Some("ended")));
        assert_eq!(judged(&[Case::V1], |seen| seen.has_children = true), (vec![V1], Some("touches-v1")));
        let ok = |seen: &mut Seen| seen.run.heard = Heard::Ok;
        assert_eq!(judged(&[Case::Gone], ok), (vec![GONE], Some("swallowed-the-error")));
        let bare = |seen: &mut Seen| seen.run.heard = Heard::Error(vec!["busy (os error 16)".into()]);
        assert_eq!(judged(&[Case::Gone], bare), (vec![GONE], Some("bare-errno")));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..right(Case::Busy) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (6, None));
    }
}
