//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Seen};
use super::mistakes::*;

const REFUSED: &str = "the kernel has refused a process";
const FULL: &str = "the group is as full as it may be, and stays so";
const IDLE: &str = "its processes need no time";
const KEPT: &str = "the limit is what it was";
const RETURNED: &str = "the function returns when it is refused, and says Ok";
const ALONE: &str = "in whoever has called it, and in no other process";
const OTHERWISE: &str = "when a process is refused for another reason, it is an error that says so";

/// Two runs with different limits, and one in which there is another reason; fewer, if one ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let bombs = bombs(runs);
    let outcomes = vec![
        Outcome::of_runs(&bombs, |seen| refused(seen)),
        Outcome::of_runs(&bombs, |seen| full(seen)),
        Outcome::of_runs(&bombs, |seen| {
            let holds = seen.refused > 0 && !seen.busy;
            let observed = if seen.busy { "they use the processors" } else { "there is no bomb" };
            seen.run.outcome_whatever(IDLE, holds, "no processor time, once they are there", observed.into())
        }),
        Outcome::of_runs(&bombs, |seen| {
            let held = seen.limit_kept;
            seen.run.outcome_whatever(KEPT, held, "pids.max, as it was", "another one".into())
        }),
        Outcome::of_runs(&bombs, |seen| {
            let well = seen.run.alive && seen.run.heard == Heard::Ok && seen.refused > 0;
            Outcome::of(RETURNED, well, "Ok, after a refusal", seen.run.heard.in_words())
        }),
        Outcome::of_runs(&bombs, |seen| {
            let observed = format!("it has returned in {} others, too", seen.returned);
            seen.run.outcome_whatever(ALONE, seen.returned == 0, "one process comes back", observed)
        }),
        otherwise(&runs[runs.len() - 1]),
    ];
    // Not of the one that is refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), bombs.iter().map(|seen| &seen.run.printed))
}

fn bombs(runs: &[Seen]) -> Vec<&Seen> {
    runs.iter().filter(|seen| seen.case == Case::Limit).collect()
}

fn refused(seen: &Seen) -> Outcome {
    let observed = format!("none; {} processes are in the group, and {} may be", seen.processes, seen.most);
    seen.run.outcome_whatever(REFUSED, seen.refused > 0, "a count of them in pids.events", observed)
}

fn full(seen: &Seen) -> Outcome {
    let holds = [seen.processes, seen.later, seen.living] == [seen.most; 3];
    let mut observed = format!("{} processes, and {} a moment later", seen.processes, seen.later);
    if seen.living < seen.later {
        observed += &format!(", of which {} have ended", seen.later - seen.living);
    }
    seen.run.outcome_whatever(FULL, holds, &format!("{} processes", seen.most), observed)
}

fn otherwise(seen: &Seen) -> Outcome {
    seen.run.refused(OTHERWISE, seen.case == Case::Dead, Ok(()))
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    // It has to be the same both times: how far it came may be chance.
    let [near, far, dead] = runs else { return None };
    if runs.iter().any(|seen| !seen.run.alive || !seen.limit_kept) {
        return None;
    }
    let all = |so: fn(&Seen) -> bool| so(near) && so(far);
    let ok = all(|seen| seen.run.heard == Heard::Ok);
    match () {
        () if ok && all(|seen| seen.refused == 0 && seen.later <= 2) => Some(&THEY_END),
        () if ok && all(|seen| seen.refused == 0) => Some(&COUNTED),
        () if all(|seen| seen.refused > 0 && matches!(seen.run.heard, Heard::Error(_))) => Some(&REFUSAL_IS_THE_AIM),
        () if ok && all(|seen| seen.refused > 0 && seen.later < seen.most) => Some(&CLEANED_UP),
        () if ok && all(|seen| seen.returned > 0) => Some(&CHILDREN_COME_BACK),
        () if ok && all(|seen| seen.refused > 0 && seen.living < seen.later) => Some(&ZOMBIES),
        () if !ok || !all(|seen| full(seen).difference.is_none() && seen.returned == 0 && !seen.busy) => None,
        () if dead.run.heard == Heard::Ok => Some(&ANY_ERROR),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    /// What a right answer shows.
    fn right(case: Case, most: u64) -> Seen {
        let dead = case == Case::Dead;
        let error = Heard::Error(vec!["not the limit".into(), "ENOMEM: Out of memory".into()]);
        let run = Run { heard: if dead { error } else { Heard::Ok }, alive: true, printed: String::new() };
        let (full, refused) = if dead { (1, 0) } else { (most, 1) };
        let (processes, later, living) = (full, full, full);
        Seen { case, run, most, processes, later, living, refused, limit_kept: true, busy: false, returned: 0 }
    }

    fn judged_of(case: Case, change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = [right(Case::Limit, 20), right(Case::Limit, 30), right(Case::Dead, 25)];
        runs.iter_mut().filter(|seen| seen.case == case).for_each(change);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    fn judged(change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        judged_of(Case::Limit, change)
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(|_| {}), (vec![], None));
    }

    #[test]
    fn bombs_that_are_none_are_told_apart() {
        let counted = judged(|seen| (seen.processes, seen.later, seen.living, seen.refused) = (10, 10, 10, 0));
        assert_eq!(counted, (vec![REFUSED, FULL, IDLE, RETURNED], Some("counted")));
        let ended = judged(|seen| (seen.processes, seen.later, seen.living, seen.refused) = (1, 1, 1, 0));
        assert_eq!(ended, (vec![REFUSED, FULL, IDLE, RETURNED], Some("they-end")));
        let cleaned = judged(|seen| (seen.processes, seen.later, seen.living) = (1, 1, 1));
        assert_eq!(cleaned, (vec![FULL], Some("cleaned-up")));
        assert_eq!(judged(|seen| seen.living = 1), (vec![FULL], Some("zombies")));
        assert_eq!(judged(|seen| seen.returned = 3), (vec![ALONE], Some("children-come-back")));
        let error = Heard::Error(vec!["fork".into(), "EAGAIN: Try again".into()]);
        let aim = judged(|seen| seen.run.heard = error.clone());
        assert_eq!(aim, (vec![RETURNED], Some("refusal-is-the-aim")));
        assert_eq!(judged(|seen| seen.limit_kept = false), (vec![KEPT], None));
        assert_eq!(judged(|seen| seen.busy = true), (vec![IDLE], None));
    }

    #[test]
    fn another_reason_is_no_success() {
        assert_eq!(judged_of(Case::Dead, |seen| seen.run.heard = Heard::Ok), (vec![OTHERWISE], Some("any-error")));
        let bare = Heard::Error(vec!["ENOMEM: Out of memory".into()]);
        assert_eq!(judged_of(Case::Dead, |seen| seen.run.heard = bare.clone()), (vec![OTHERWISE], None));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..right(Case::Limit, 20) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (7, None));
    }
}
