//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Limit, Seen};
use super::mistakes::*;
use crate::mistakes::OTHER_VERSION;

const PART: &str = "a small part of a processor is what the group gets";
const HELD_UP: &str = "a busy process in it is held up";
const MANY: &str = "more than one processor is so much more than one";
const NEGATIVE: &str = "less than nothing is an error, and the group has no limit then";
const GONE: &str = "without a group it is an error that says so";

/// One run for each case; fewer, if one ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let (few, many, negative, gone) = (of(runs, 0), of(runs, 1), of(runs, 2), of(runs, 3));
    let outcomes = vec![
        gets(PART, few, matches!(few.case, Case::Few(_))),
        held_up(few),
        gets(MANY, many, matches!(many.case, Case::Many(_))),
        refused(NEGATIVE, negative, negative.case == Case::Negative),
        refused(GONE, gone, gone.case == Case::Gone),
    ];
    // Not of those that are refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), [&few.run.printed, &many.run.printed])
}

/// It may never have come to that: then what came of the last run is what there is to say.
fn of(runs: &[Seen], number: usize) -> &Seen {
    &runs[number.min(runs.len() - 1)]
}

/// Within a hundredth, or a microsecond of the quota.
fn is_right(seen: &Seen) -> bool {
    let Limit::Quota(quota, period) = seen.limit else { return false };
    let wanted = seen.case.cpus() * period;
    (quota - wanted).abs() <= (wanted / 100.0).max(1.0)
}

fn in_words(limit: Limit) -> String {
    match limit {
        Limit::None => "no limit".into(),
        Limit::Quota(quota, period) => format!("{quota} µs in {period} µs: {:.3} processors", quota / period),
    }
}

fn gets(claim: &'static str, seen: &Seen, is_case: bool) -> Outcome {
    let expected = format!("{} processors", seen.case.cpus());
    seen.run.outcome(claim, is_case && is_right(seen), &expected, in_words(seen.limit))
}

fn held_up(seen: &Seen) -> Outcome {
    let observed = if seen.limit == Limit::None { "there is no limit" } else { "it never was" };
    seen.run.outcome(HELD_UP, seen.held_up, "nr_throttled in cpu.stat grows", observed.into())
}

fn refused(claim: &'static str, seen: &Seen, is_case: bool) -> Outcome {
    let kept = match seen.limit {
        Limit::Quota(..) if is_case => Err(in_words(seen.limit)),
        _ => Ok(()),
    };
    seen.run.refused(claim, is_case, kept)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    if runs.len() < 4 || runs.iter().any(|seen| !seen.run.alive) {
        return None;
    }
    let (few, many, negative, gone) = (of(runs, 0), of(runs, 1), of(runs, 2), of(runs, 3));
    let about = |seen: &Seen, cpus: f64| seen.limit.cpus().is_some_and(|has| (has / cpus - 1.0).abs() < 0.02);
    let ok = |seen: &Seen| seen.run.heard == Heard::Ok;
    let scaled = |seen: &Seen| Some(seen.limit.cpus()? / seen.case.cpus());
    let same_factor = || {
        let (one, other) = (scaled(few)?, scaled(many)?);
        ((one / other - 1.0).abs() < 0.05 && (one - 1.0).abs() > 0.02).then_some(())
    };
    match () {
        () if few.run.missed_a_file() && many.run.missed_a_file() => Some(&OTHER_VERSION),
        () if ok(few) && few.limit == Limit::None && few.weighted => Some(&A_WEIGHT),
        () if ok(few) && ok(many) && same_factor().is_some() => Some(&ANOTHER_UNIT),
        () if ok(many) && (about(many, 1.0) || about(many, 2.0)) => Some(&WHOLE_PROCESSORS),
        () if !ok(few) || !ok(many) || !is_right(few) || !is_right(many) || !few.held_up => None,
        () if ok(negative) && negative.limit == Limit::None => Some(&NEGATIVE_IS_NONE),
        () if ok(negative) => None,
        () if ok(gone) => Some(&SWALLOWED_THE_ERROR),
        () if gone.run.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    /// What a right answer shows.
    fn right() -> Vec<Seen> {
        let refusal = Heard::Error(vec!["writing".into(), "No such file (os error 2)".into()]);
        let seen = |case: Case| {
            let is_right = matches!(case, Case::Few(_) | Case::Many(_));
            let limit = if is_right { Limit::Quota(case.cpus() * 100_000.0, 100_000.0) } else { Limit::None };
            let heard = if is_right { Heard::Ok } else { refusal.clone() };
            let run = Run { heard, alive: true, printed: String::new() };
            Seen { case, run, limit, weighted: false, held_up: matches!(case, Case::Few(_)) }
        };
        [Case::Few(50), Case::Many(1500), Case::Negative, Case::Gone].map(seen).to_vec()
    }

    fn judged(change: impl Fn(&mut [Seen])) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = right();
        change(&mut runs);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    #[test]
    fn a_right_answer_passes_with_any_period() {
        assert_eq!(judged(|_| {}), (vec![], None));
        assert_eq!(judged(|runs| runs[1].limit = Limit::Quota(15_000.0, 10_000.0)), (vec![], None));
    }

    #[test]
    fn other_limits_are_told_apart() {
        let none = |seen: &mut Seen| (seen.limit, seen.held_up) = (Limit::None, false);
        let weighted = judged(|runs| {
            runs.iter_mut().for_each(none);
            runs[0].weighted = true;
        });
        assert_eq!(weighted, (vec![PART, HELD_UP, MANY], Some("a-weight")));
        assert_eq!(judged(|runs| runs.iter_mut().for_each(none)).1, None);
        let times = judged(|runs| {
            runs[0].limit = Limit::Quota(50_000.0, 100_000.0);
            runs[1].limit = Limit::Quota(1_500_000.0, 100_000.0);
        });
        assert_eq!(times, (vec![PART, MANY], Some("another-unit")));
        let whole = judged(|runs| runs[1].limit = Limit::Quota(100_000.0, 100_000.0));
        assert_eq!(whole, (vec![MANY], Some("whole-processors")));
    }

    #[test]
    fn a_file_of_the_other_version_is_told_apart() {
        let refused = Heard::Error(vec!["writing".into(), "Permission denied (os error 13)".into()]);
        let other = judged(|runs| {
            let few_and_many = runs.iter_mut().take(2);
            few_and_many.for_each(|seen| (seen.run.heard, seen.limit) = (refused.clone(), Limit::None));
        });
        assert_eq!(other.1, Some("other-version"));
        assert_eq!(judged(|runs| runs[1].run.heard = refused.clone()), (vec![MANY], None));
    }

    #[test]
    fn a_limit_that_holds_nobody_up_is_none() {
        assert_eq!(judged(|runs| runs[0].held_up = false), (vec![HELD_UP], None));
    }

    #[test]
    fn what_cannot_be_has_to_be_told() {
        let ok = |number: usize| move |runs: &mut [Seen]| runs[number].run.heard = Heard::Ok;
        assert_eq!(judged(ok(2)), (vec![NEGATIVE], Some("negative-is-none")));
        assert_eq!(judged(ok(3)), (vec![GONE], Some("swallowed-the-error")));
        let bare = Heard::Error(vec!["No such file (os error 2)".into()]);
        assert_eq!(judged(|runs| runs[3].run.heard = bare.clone()), (vec![GONE], Some("bare-errno")));
        assert_eq!(judged(|runs| runs[2].limit = Limit::Quota(1000.0, 100_000.0)), (vec![NEGATIVE], None));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let mut runs = right();
        runs.truncate(1);
        (runs[0].run.heard, runs[0].run.alive) = (Heard::Ended(0), false);
        (runs[0].limit, runs[0].held_up) = (Limit::None, false);
        let judgement = judge(&runs);
        assert_eq!((judgement.failing(), judgement.mistake), (5, None));
    }
}
