//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::Seen;
use super::mistakes::*;

const REFUSED: &str = "the kernel has refused a process";
const FULL: &str = "the group is as full as it may be, and stays so";
const IDLE: &str = "its processes need no time";
const KEPT: &str = "the limit is what it was";
const RETURNED: &str = "the function returns when it is refused, and says Ok";

/// Two runs with different limits; only the first, if that ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let outcomes = vec![
        Outcome::of_runs(runs, refused),
        Outcome::of_runs(runs, full),
        Outcome::of_runs(runs, |seen| {
            let holds = seen.refused > 0 && !seen.busy;
            let observed = if seen.busy { "they use the processors" } else { "there is no bomb" };
            seen.run.outcome_whatever(IDLE, holds, "no processor time, once they are there", observed.into())
        }),
        Outcome::of_runs(runs, |seen| {
            let held = seen.limit_kept;
            seen.run.outcome_whatever(KEPT, held, "pids.max, as it was", "another one".into())
        }),
        Outcome::of_runs(runs, |seen| {
            let well = seen.run.alive && seen.run.heard == Heard::Ok && seen.refused > 0;
            Outcome::of(RETURNED, well, "Ok, after a refusal", seen.run.heard.in_words())
        }),
    ];
    Judgement::new(outcomes, mistake(runs), runs.iter().map(|seen| &seen.run.printed))
}

fn refused(seen: &Seen) -> Outcome {
    let observed = format!("none; {} processes are in the group, and {} may be", seen.processes, seen.most);
    seen.run.outcome_whatever(REFUSED, seen.refused > 0, "a count of them in pids.events", observed)
}

fn full(seen: &Seen) -> Outcome {
    let holds = seen.processes == seen.most && seen.later == seen.most;
    let observed = format!("{} processes, and {} a moment later", seen.processes, seen.later);
    seen.run.outcome_whatever(FULL, holds, &format!("{} processes", seen.most), observed)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    let all = |so: fn(&Seen) -> bool| runs.iter().all(so);
    if !all(|seen| seen.run.alive && seen.limit_kept) {
        return None;
    }
    let ok = all(|seen| seen.run.heard == Heard::Ok);
    match () {
        // It has to be the same both times: how far it came may be chance.
        () if runs.len() < 2 => None,
        () if ok && all(|seen| seen.refused == 0 && seen.later <= 2) => Some(&THEY_END),
        () if ok && all(|seen| seen.refused == 0) => Some(&COUNTED),
        () if all(|seen| seen.refused > 0 && matches!(seen.run.heard, Heard::Error(_))) => Some(&REFUSAL_IS_THE_AIM),
        () if ok && all(|seen| seen.refused > 0 && seen.later < seen.most) => Some(&CLEANED_UP),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    /// What a right answer shows.
    fn right(most: u64) -> Seen {
        let run = Run { heard: Heard::Ok, alive: true, printed: String::new() };
        Seen { run, most, processes: most, later: most, refused: 1, limit_kept: true, busy: false }
    }

    fn judged(change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = [right(20), right(30)];
        runs.iter_mut().for_each(change);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(|_| {}), (vec![], None));
    }

    #[test]
    fn bombs_that_are_none_are_told_apart() {
        let counted = judged(|seen| (seen.processes, seen.later, seen.refused) = (10, 10, 0));
        assert_eq!(counted, (vec![REFUSED, FULL, IDLE, RETURNED], Some("counted")));
        let ended = judged(|seen| (seen.processes, seen.later, seen.refused) = (1, 1, 0));
        assert_eq!(ended, (vec![REFUSED, FULL, IDLE, RETURNED], Some("they-end")));
        assert_eq!(judged(|seen| (seen.processes, seen.later) = (1, 1)), (vec![FULL], Some("cleaned-up")));
        let error = Heard::Error(vec!["fork".into(), "EAGAIN: Try again".into()]);
        let aim = judged(|seen| seen.run.heard = error.clone());
        assert_eq!(aim, (vec![RETURNED], Some("refusal-is-the-aim")));
        assert_eq!(judged(|seen| seen.limit_kept = false), (vec![KEPT], None));
        assert_eq!(judged(|seen| seen.busy = true), (vec![IDLE], None));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..right(20) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (5, None));
    }
}
