//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Seen};
use super::mistakes::*;

const EMPTY: &str = "the groups are gone, in every tree";
const NESTED: &str = "with what groups were made in them";
const ENDING: &str = "also where a process in them ends only now";
const LIVING: &str = "a process that lives on is an error, soon; and it isn't harmed";
const GONE: &str = "a group that is gone already is no error";
const OTHERS: &str = "and the groups of others stay";

/// One run for each case; fewer, if one ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let [empty, nested, ending, living, gone] = Case::ALL.map(|case| of(runs, case));
    let outcomes = vec![
        removed(EMPTY, empty, Case::Empty),
        removed(NESTED, nested, Case::Nested),
        removed(ENDING, ending, Case::Ending),
        refused(living),
        removed(GONE, gone, Case::Gone),
        Outcome::of_runs(runs, |seen| {
            seen.run.outcome_whatever(OTHERS, seen.others, "the folder beside each", "they are gone".into())
        }),
    ];
    // Not of the one that is refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), [&empty.run.printed, &nested.run.printed, &ending.run.printed])
}

/// It may never have come to that: then what came of the last run is what there is to say.
fn of(runs: &[Seen], case: Case) -> &Seen {
    runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
}

fn removed(claim: &'static str, seen: &Seen, case: Case) -> Outcome {
    let observed = match &seen.left[..] {
        [] => "none".to_string(),
        [first, more @ ..] => format!("{first} is there, and {} more", more.len()),
    };
    seen.run.outcome(claim, seen.case == case && seen.left.is_empty(), "no folder of the group's", observed)
}

fn refused(seen: &Seen) -> Outcome {
    let kept = if seen.process_lives { Ok(()) } else { Err("the process in it was killed".to_string()) };
    seen.run.refused(LIVING, seen.case == Case::Living, kept)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    let living = of(runs, Case::Living);
    if runs.iter().any(|seen| !seen.run.alive || !seen.others) {
        return None;
    }
    if living.case == Case::Living && matches!(living.run.heard, Heard::Silence(_)) {
        let well = runs[..runs.len() - 1].iter().all(|seen| seen.run.heard == Heard::Ok && seen.left.is_empty());
        return well.then_some(&WAITS_FOR_EVER);
    }
    if runs.len() < Case::ALL.len() {
        return None;
    }
    let [empty, nested, ending, living, gone] = Case::ALL.map(|case| of(runs, case));
    let well = |seen: &Seen| seen.run.heard == Heard::Ok && seen.left.is_empty();
    let error = |seen: &Seen| matches!(seen.run.heard, Heard::Error(_));
    match () {
        () if error(empty) && !empty.left.is_empty() => Some(&UNLINKS),
        () if empty.run.heard == Heard::Ok && !empty.left.is_empty() => Some(&ONE_TREE),
        () if !well(empty) => None,
        () if !living.process_lives => Some(&KILLS),
        () if living.run.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if !well(nested) && !well(ending) => Some(&ONE_TRY),
        () if !well(nested) => Some(&PARENT_FIRST),
        () if !well(ending) => Some(&ONE_TRY),
        () if error(gone) => Some(&GONE_IS_NO_ERROR),
        () if !well(gone) => None,
        () if living.run.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    fn error() -> Heard {
        Heard::Error(vec!["rmdir".into(), "Device or resource busy (os error 16)".into()])
    }

    /// What a right answer shows.
    fn right(case: Case) -> Seen {
        let living = case == Case::Living;
        let heard = if living { error() } else { Heard::Ok };
        let left = if living { vec!["/s/cpu/box".into()] } else { vec![] };
        let run = Run { heard, alive: true, printed: String::new() };
        Seen { case, run, left, process_lives: living, others: true }
    }

    fn judged(cases: &'static [Case], change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = Case::ALL.map(right);
        runs.iter_mut().filter(|seen| cases.contains(&seen.case)).for_each(change);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    fn fails(seen: &mut Seen) {
        (seen.run.heard, seen.left) = (error(), vec!["/s/cpu/box".into()]);
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(&[], |_| {}), (vec![], None));
    }

    #[test]
    fn what_is_left_is_told_apart() {
        assert_eq!(judged(&Case::ALL, fails).1, Some("unlinks"));
        assert_eq!(judged(&[Case::Nested], fails), (vec![NESTED], Some("parent-first")));
        assert_eq!(judged(&[Case::Ending], fails), (vec![ENDING], Some("one-try")));
        assert_eq!(judged(&[Case::Nested, Case::Ending], fails), (vec![NESTED, ENDING], Some("one-try")));
        assert_eq!(judged(&[Case::Gone], fails), (vec![GONE], Some("gone-is-no-error")));
        let left = |seen: &mut Seen| seen.left = vec!["/s/pids/box".into()];
        assert_eq!(judged(&[Case::Empty], left), (vec![EMPTY], Some("one-tree")));
        assert_eq!(judged(&[Case::Empty], |seen| seen.others = false), (vec![OTHERS], None));
    }

    #[test]
    fn a_process_that_lives_is_an_error_and_nothing_more() {
        let ok = |seen: &mut Seen| seen.run.heard = Heard::Ok;
        assert_eq!(judged(&[Case::Living], ok), (vec![LIVING], Some("swallowed-the-error")));
        let killed = |seen: &mut Seen| (seen.run.heard, seen.process_lives) = (Heard::Ok, false);
        assert_eq!(judged(&[Case::Living], killed), (vec![LIVING], Some("kills")));
        let bare = |seen: &mut Seen| seen.run.heard = Heard::Error(vec!["busy (os error 16)".into()]);
        assert_eq!(judged(&[Case::Living], bare), (vec![LIVING], Some("bare-errno")));
        let mut runs = Case::ALL.map(right)[..4].to_vec();
        runs[3].run.heard = Heard::Silence(std::time::Duration::from_secs(5));
        assert_eq!(judge(&runs).mistake.map(|mistake| mistake.id), Some("waits-for-ever"));
        assert_eq!(judge(&runs).failing(), 2);
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..right(Case::Empty) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (6, None));
    }
}
