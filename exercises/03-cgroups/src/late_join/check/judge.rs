//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Seen};
use super::mistakes::*;

const RUNS: &str = "the command runs, and what is returned is its number";
const INSIDE: &str = "it is in the group in every tree, and so is what it has started";
const COUNTED: &str = "the memory that it has had since its exec is counted";
const QUICK: &str = "all of that also when it is quicker than whoever starts it";
const NOT_OURS: &str = "whoever calls the function isn't in the group";
const MISSING: &str = "a command that isn't there is an error that says so";
const GONE: &str = "without a group it is an error, and the command never runs";

/// In bytes. Its words alone are more; what it gets after a late move is less than half of that.
const MEMORY: u64 = 1280 << 10;

/// One run for each case; fewer, if one ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let [well, quick, missing, gone] = Case::ALL.map(|case| of(runs, case));
    let outcomes = vec![
        well_outcome(RUNS, well, well.running >= 2 && well.is_its_number, "the command, with a child", || {
            let number = if well.is_its_number { "its own" } else { "not its own" };
            format!("{} processes run it; the number is {number}", well.running)
        }),
        well_outcome(INSIDE, well, well.running >= 2 && well.inside == well.running, "both of them", || {
            format!("{} of {} are in each", well.inside, well.running)
        }),
        well_outcome(COUNTED, well, well.memory >= MEMORY, "more than 1280 KiB in the group", || {
            format!("{} KiB in the group", well.memory >> 10)
        }),
        started(QUICK, quick, Case::Quick, is_counted(quick), "both in the group, with more than 1280 KiB", || {
            format!("{} of {} are in it, with {} KiB", quick.inside, quick.running, quick.memory >> 10)
        }),
        well_outcome(
            NOT_OURS,
            well,
            !well.program_inside && well.running > 0,
            "the command and its children only",
            || {
                if well.program_inside { "it is in there, too".into() } else { "nobody runs the command".into() }
            },
        ),
        refused(MISSING, missing, Case::Missing),
        refused(GONE, gone, Case::Gone),
    ];
    // Not of those that are refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), [&well.run.printed])
}

/// It may never have come to that: then what came of the last run is what there is to say.
fn of(runs: &[Seen], case: Case) -> &Seen {
    runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
}

fn is_counted(seen: &Seen) -> bool {
    seen.running >= 2 && seen.inside == seen.running && seen.memory >= MEMORY
}

fn well_outcome(
    claim: &'static str,
    seen: &Seen,
    holds: bool,
    expected: &str,
    observed: impl Fn() -> String,
) -> Outcome {
    started(claim, seen, Case::Well, holds, expected, observed)
}

fn started(
    claim: &'static str,
    seen: &Seen,
    case: Case,
    holds: bool,
    expected: &str,
    observed: impl Fn() -> String,
) -> Outcome {
    let returned = seen.run.alive && matches!(seen.run.heard, Heard::Number(_));
    let observed = if returned { observed() } else { seen.run.heard.in_words() };
    Outcome::of(claim, seen.case == case && returned && holds, expected, observed)
}

fn refused(claim: &'static str, seen: &Seen, case: Case) -> Outcome {
    let kept = match seen.running {
        0 if seen.zombie => Err("its child has ended and wasn't waited for".to_string()),
        0 => Ok(()),
        _ => Err("the command runs".to_string()),
    };
    seen.run.refused(claim, seen.case == case, kept)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
        return None;
    }
    let [well, quick, missing, gone] = Case::ALL.map(|case| of(runs, case));
    let number = |seen: &Seen| matches!(seen.run.heard, Heard::Number(_));
    match () {
        () if !number(well) || well.running == 0 || !well.is_its_number => None,
        () if well.program_inside => Some(&JOINED_ITSELF),
        () if well.inside == 0 && well.memory < MEMORY => Some(&NEVER_JOINED),
        () if well.memory < MEMORY => Some(&TOO_LATE),
        () if well.inside < well.running => None,
        () if number(quick) && !is_counted(quick) => Some(&MAY_BE_LATE),
        () if !number(quick) => None,
        () if number(gone) && gone.running == 0 => Some(&DIED_WITHOUT_A_WORD),
        () if number(gone) => Some(&SWALLOWED_THE_ERROR),
        () if gone.running > 0 => None,
        () if number(missing) => Some(&NOT_STARTED),
        () if missing.zombie || gone.zombie => Some(&ZOMBIE),
        () if missing.run.heard.is_bare_error() || gone.run.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    /// What a right answer shows.
    fn right(case: Case) -> Seen {
        let error = Heard::Error(vec!["joining".into(), "No such file (os error 2)".into()]);
        let well = matches!(case, Case::Well | Case::Quick);
        let heard = if well { Heard::Number(3) } else { error };
        let number = if well { 2 } else { 0 };
        Seen {
            case,
            run: Run { heard, alive: true, printed: String::new() },
            running: number,
            inside: number,
            is_its_number: well,
            program_inside: false,
            zombie: false,
            memory: if well { 2 << 20 } else { 0 },
        }
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
        assert_eq!(judged(Case::Well, |_| {}), (vec![], None));
    }

    #[test]
    fn joins_are_told_apart() {
        assert_eq!(judged(Case::Well, |seen| seen.memory = 300 << 10), (vec![COUNTED], Some("too-late")));
        let child = judged(Case::Well, |seen| (seen.memory, seen.inside) = (300 << 10, 1));
        assert_eq!(child, (vec![INSIDE, COUNTED], Some("too-late")));
        let never = judged(Case::Well, |seen| (seen.memory, seen.inside) = (0, 0));
        assert_eq!(never, (vec![INSIDE, COUNTED], Some("never-joined")));
        let itself = judged(Case::Well, |seen| seen.program_inside = true);
        assert_eq!(itself, (vec![NOT_OURS], Some("joined-itself")));
        assert_eq!(judged(Case::Well, |seen| seen.is_its_number = false), (vec![RUNS], None));
    }

    #[test]
    fn who_is_in_time_by_chance_is_found_out() {
        let late = |seen: &mut Seen| seen.memory = 300 << 10;
        assert_eq!(judged(Case::Quick, late), (vec![QUICK], Some("may-be-late")));
        assert_eq!(judged(Case::Quick, |seen| seen.inside = 1), (vec![QUICK], Some("may-be-late")));
        let error = |seen: &mut Seen| seen.run.heard = right(Case::Gone).run.heard;
        assert_eq!(judged(Case::Quick, error), (vec![QUICK], None));
    }

    #[test]
    fn what_cannot_be_has_to_be_told() {
        let runs = |seen: &mut Seen| (seen.run.heard, seen.running) = (Heard::Number(3), 2);
        assert_eq!(judged(Case::Gone, runs), (vec![GONE], Some("swallowed-the-error")));
        let number = |seen: &mut Seen| seen.run.heard = Heard::Number(3);
        assert_eq!(judged(Case::Gone, number), (vec![GONE], Some("died-without-a-word")));
        assert_eq!(judged(Case::Gone, |seen| seen.running = 1), (vec![GONE], None));
        assert_eq!(judged(Case::Missing, |seen| seen.zombie = true), (vec![MISSING], Some("zombie")));
        assert_eq!(judged(Case::Gone, |seen| seen.zombie = true), (vec![GONE], Some("zombie")));
        assert_eq!(judged(Case::Missing, number), (vec![MISSING], Some("not-started")));
        let bare = |seen: &mut Seen| seen.run.heard = Heard::Error(vec!["No such file (os error 2)".into()]);
        assert_eq!(judged(Case::Gone, bare), (vec![GONE], Some("bare-errno")));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..right(Case::Well) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (7, None));
    }
}
