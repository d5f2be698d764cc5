//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};
use nix::errno::Errno;

use super::look::{Case, Seen};
use super::mistakes::*;
use crate::mistakes::OTHER_VERSION;

const FROZEN: &str = "every process in the group stands still";
const WAITED: &str = "and that is so when the function returns";
const ALIVE: &str = "they live, and no signal has stopped them";
const THAWED: &str = "asked to, they go on";
const GONE: &str = "without a group it is an error that says so";
const HELD: &str = "and what doesn't become so is one, too, soon";

/// One run for each case; fewer, if one ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let [freeze, thaw, gone, held] = Case::ALL.map(|case| of(runs, case));
    let outcomes = vec![
        frozen(freeze),
        waited(freeze),
        alive(freeze),
        thawed(thaw),
        refused(GONE, gone, Case::Gone),
        refused(HELD, held, Case::Held),
    ];
    // Not of those that are refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), [&freeze.run.printed, &thaw.run.printed])
}

/// It may never have come to that: then what came of the last run is what there is to say.
fn of(runs: &[Seen], case: Case) -> &Seen {
    runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
}

fn in_words(seen: &Seen) -> String {
    let state = if seen.frozen_later { "the group is frozen" } else { "the group isn't frozen" };
    let time = if seen.busy { "its processes use processor time" } else { "its processes use no time" };
    format!("{state}; {time}")
}

fn frozen(seen: &Seen) -> Outcome {
    let holds = seen.case == Case::Freeze && seen.frozen_later && !seen.busy;
    seen.run.outcome(FROZEN, holds, "the group is frozen; its processes use no time", in_words(seen))
}

fn waited(seen: &Seen) -> Outcome {
    let observed = if seen.frozen_later { "it became so a moment later" } else { "it isn't frozen" };
    let holds = seen.case == Case::Freeze && seen.frozen;
    seen.run.outcome(WAITED, holds, "frozen at that moment", observed.into())
}

fn alive(seen: &Seen) -> Outcome {
    let observed = if seen.stopped { "one was stopped by a signal" } else { "one has ended" };
    seen.run.outcome(ALIVE, seen.alive && !seen.stopped, "all of them live, and none has the state T", observed.into())
}

fn thawed(seen: &Seen) -> Outcome {
    let holds = seen.case == Case::Thaw && !seen.frozen && !seen.frozen_later && seen.busy && seen.alive;
    seen.run.outcome(THAWED, holds, "the group isn't frozen; its processes use processor time", in_words(seen))
}

fn refused(claim: &'static str, seen: &Seen, case: Case) -> Outcome {
    seen.run.refused(claim, seen.case == case, Ok(()))
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
        return None;
    }
    let [freeze, thaw, gone, held] = Case::ALL.map(|case| of(runs, case));
    match () {
        () if !freeze.frozen_later && freeze.run.missed_a_file() => Some(&OTHER_VERSION),
        () if !freeze.frozen_later && freeze.run.heard.has_errno(Errno::EINVAL) => Some(&ANOTHER_WORD),
        () if freeze.run.heard != Heard::Ok => None,
        () if freeze.stopped && !freeze.frozen_later => Some(&STOPPED),
        () if !freeze.alive || freeze.stopped => None,
        () if !freeze.frozen_later || freeze.busy => None,
        () if !freeze.frozen => Some(&NEVER_WAITED),
        () if thaw.run.heard == Heard::Ok && thaw.frozen_later => Some(&FOR_EVER),
        () if thaw.run.heard != Heard::Ok || !thaw.busy || thaw.frozen => None,
        () if gone.run.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if gone.run.heard.is_bare_error() => Some(&BARE_ERRNO),
        () if gone.run.heard != held.run.heard && matches!(held.run.heard, Heard::Silence(_)) => Some(&WAITS_FOR_EVER),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    /// What a right answer shows.
    fn right(case: Case) -> Seen {
        let refusal = Heard::Error(vec!["writing".into(), "No such file (os error 2)".into()]);
        let run = |heard| Run { heard, alive: true, printed: String::new() };
        let frozen = case == Case::Freeze;
        let refused = matches!(case, Case::Gone | Case::Held);
        let heard = if refused { refusal } else { Heard::Ok };
        let (alive, stopped) = (!refused, false);
        Seen { case, run: run(heard), frozen, frozen_later: frozen, busy: case == Case::Thaw, alive, stopped }
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
        assert_eq!(judged(Case::Freeze, |_| {}), (vec![], None));
    }

    #[test]
    fn ways_not_to_freeze_are_told_apart() {
        let late = judged(Case::Freeze, |seen| seen.frozen = false);
        assert_eq!(late, (vec![WAITED], Some("never-waited")));
        let stopped = judged(Case::Freeze, |seen| {
            (seen.frozen, seen.frozen_later, seen.stopped) = (false, false, true);
        });
        assert_eq!(stopped, (vec![FROZEN, WAITED, ALIVE], Some("stopped")));
        let not = judged(Case::Freeze, |seen| (seen.frozen, seen.frozen_later, seen.busy) = (false, false, true));
        assert_eq!(not, (vec![FROZEN, WAITED], None));
        assert_eq!(judged(Case::Freeze, |seen| seen.alive = false), (vec![ALIVE], None));
    }

    #[test]
    fn what_is_of_the_other_version_is_told_apart() {
        let refused = |errno: &'static str| {
            move |seen: &mut Seen| {
                seen.run.heard = Heard::Error(vec!["writing".into(), errno.into()]);
                (seen.frozen, seen.frozen_later) = (false, false);
            }
        };
        let all = vec![FROZEN, WAITED, ALIVE];
        let file = judged(Case::Freeze, refused("Permission denied (os error 13)"));
        assert_eq!(file, (all.clone(), Some("other-version")));
        let word = judged(Case::Freeze, refused("Invalid argument (os error 22)"));
        assert_eq!(word, (all, Some("another-word")));
    }

    #[test]
    fn what_is_frozen_has_to_go_on() {
        let still = judged(Case::Thaw, |seen| (seen.frozen, seen.frozen_later, seen.busy) = (true, true, false));
        assert_eq!(still, (vec![THAWED], Some("for-ever")));
        assert_eq!(judged(Case::Thaw, |seen| seen.busy = false), (vec![THAWED], None));
    }

    #[test]
    fn what_cannot_be_has_to_be_told() {
        assert_eq!(judged(Case::Gone, |seen| seen.run.heard = Heard::Ok), (vec![GONE], Some("swallowed-the-error")));
        let bare = |seen: &mut Seen| seen.run.heard = Heard::Error(vec!["No such file (os error 2)".into()]);
        assert_eq!(judged(Case::Gone, bare), (vec![GONE], Some("bare-errno")));
        let silent = |seen: &mut Seen| seen.run.heard = Heard::Silence(std::time::Duration::from_secs(5));
        assert_eq!(judged(Case::Held, silent), (vec![HELD], Some("waits-for-ever")));
        assert_eq!(judged(Case::Held, |seen| seen.run.heard = Heard::Ok), (vec![HELD], None));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..right(Case::Freeze) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (6, None));
    }
}
