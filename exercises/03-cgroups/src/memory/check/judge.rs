//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};
use nix::errno::Errno;

use super::look::{Case, Seen, Swap};
use super::mistakes::*;
use crate::mistakes::OTHER_VERSION;

const LIMIT: &str = "the group may use so many bytes of memory";
const SWAP: &str = "and no swap beyond them";
const HOG: &str = "when the kernel has killed for memory, was_oom_killed says so";
const MODEST: &str = "when somebody else has killed, it says no, though the limit was hit";
const NO_GROUP: &str = "without a group, limit_memory gives an error that says so";
const NO_EVENTS: &str = "and so does was_oom_killed";

/// What an answer that returns true or false is heard to say.
const YES: Heard = Heard::Number(1);
const NO: Heard = Heard::Number(0);

/// One run for each case; fewer, if one ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let [limit, hog, modest, no_group, no_events] = Case::ALL.map(|case| of(runs, case));
    let outcomes = vec![
        limited(limit),
        swap(limit),
        told(HOG, hog, Case::Hog, YES),
        told(MODEST, modest, Case::Modest, NO),
        refused(NO_GROUP, no_group, Case::NoGroup),
        refused(NO_EVENTS, no_events, Case::NoEvents),
    ];
    // Not of those that are refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), [&limit.run.printed, &hog.run.printed, &modest.run.printed])
}

/// It may never have come to that: then what came of the last run is what there is to say.
fn of(runs: &[Seen], case: Case) -> &Seen {
    runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
}

fn limited(seen: &Seen) -> Outcome {
    let observed = seen.limit.map_or("no limit".into(), |limit| format!("{limit} bytes"));
    let holds = seen.case == Case::Limit && seen.limit == Some(seen.wanted);
    seen.run.outcome(LIMIT, holds, &format!("{} bytes", seen.wanted), observed)
}

fn swap(seen: &Seen) -> Outcome {
    let observed = match seen.with_swap {
        Swap::NotCounted => "no limit on memory, and swap isn't counted here".to_string(),
        Swap::Unlimited => "no limit".into(),
        Swap::Limit(both) => format!("{both} bytes"),
    };
    let holds = match seen.with_swap {
        Swap::NotCounted => seen.limit == Some(seen.wanted),
        Swap::Unlimited => false,
        Swap::Limit(both) => both == seen.wanted,
    };
    let expected = format!("{} bytes of memory and swap together", seen.wanted);
    seen.run.outcome(SWAP, seen.case == Case::Limit && holds, &expected, observed)
}

fn told(claim: &'static str, seen: &Seen, case: Case, right: Heard) -> Outcome {
    let holds = seen.case == case && seen.run.alive && seen.run.heard == right;
    let killed = if seen.killed > 0 { "the kernel has killed" } else { "the kernel has killed nobody" };
    let observed = match seen.run.heard {
        YES => format!("it says yes; {killed}"),
        NO => format!("it says no; {killed}"),
        _ => seen.run.heard.in_words(),
    };
    Outcome::of(claim, holds, if right == YES { "yes" } else { "no" }, observed)
}

fn refused(claim: &'static str, seen: &Seen, case: Case) -> Outcome {
    seen.run.refused(claim, seen.case == case, Ok(()))
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
        return None;
    }
    let [limit, hog, modest, no_group, no_events] = Case::ALL.map(|case| of(runs, case));
    let says = |seen: &Seen, heard: Heard| seen.run.heard == heard;
    if !says(limit, Heard::Ok) {
        let invalid = limit.v1 && limit.with_swap == Swap::Unlimited && limit.run.heard.has_errno(Errno::EINVAL);
        return match limit.limit {
            None if limit.run.missed_a_file() => Some(&OTHER_VERSION),
            None if invalid => Some(&SWAP_FIRST),
            _ => None,
        };
    }
    let Some(bytes) = limit.limit else { return Some(&NO_LIMIT) };
    match () {
        () if bytes > 0 && (bytes < limit.wanted / 200 || bytes / 200 > limit.wanted) => Some(&ANOTHER_UNIT),
        () if bytes != limit.wanted => None,
        () if matches!(limit.with_swap, Swap::Unlimited)
            || matches!(limit.with_swap, Swap::Limit(both) if both > bytes) =>
        {
            Some(&MAY_SWAP)
        }
        () if hog.run.missed_a_file() && modest.run.missed_a_file() => Some(&OTHER_VERSION),
        () if [hog, modest].iter().all(|seen| matches!(seen.run.heard, Heard::Error(_))) => Some(&NO_COUNT),
        // Who says yes to whatever is asked has looked at nothing.
        () if says(hog, YES) && says(modest, YES) && says(no_events, YES) => None,
        () if says(hog, YES) && says(modest, YES) => Some(&HIT_IS_NOT_KILLED),
        () if says(hog, NO) && says(modest, NO) => Some(&NEVER_TOLD),
        () if !says(hog, YES) || !says(modest, NO) => None,
        () if says(no_group, Heard::Ok) || matches!(no_events.run.heard, Heard::Number(_)) => {
            Some(&SWALLOWED_THE_ERROR)
        }
        () if no_group.run.heard.is_bare_error() || no_events.run.heard.is_bare_error() => Some(&BARE_ERRNO),
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
        let heard = match case {
            Case::Limit => Heard::Ok,
            Case::Hog => YES,
            Case::Modest => NO,
            Case::NoGroup | Case::NoEvents => refusal,
        };
        let (wanted, limit, with_swap) = (1 << 24, Some(1 << 24), Swap::Limit(1 << 24));
        let killed = u64::from(case == Case::Hog);
        Seen {
            case,
            run: Run { heard, alive: true, printed: String::new() },
            wanted,
            v1: true,
            limit,
            with_swap,
            killed,
        }
    }

    fn judged(change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = Case::ALL.map(right);
        runs.iter_mut().for_each(change);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    fn heard(case: Case, heard: Heard) -> impl Fn(&mut Seen) {
        move |seen| {
            if seen.case == case {
                seen.run.heard = heard.clone();
            }
        }
    }

    #[test]
    fn a_right_answer_passes_where_swap_is_counted_and_where_not() {
        assert_eq!(judged(|_| {}), (vec![], None));
        assert_eq!(judged(|seen| seen.with_swap = Swap::NotCounted), (vec![], None));
    }

    #[test]
    fn limits_are_told_apart() {
        let none = judged(|seen| (seen.limit, seen.with_swap) = (None, Swap::Unlimited));
        assert_eq!(none, (vec![LIMIT, SWAP], Some("no-limit")));
        assert_eq!(judged(|seen| seen.limit = Some((1 << 24) / 256)), (vec![LIMIT], Some("another-unit")));
        assert_eq!(judged(|seen| seen.with_swap = Swap::Unlimited), (vec![SWAP], Some("may-swap")));
        assert_eq!(judged(|seen| seen.with_swap = Swap::Limit(1 << 25)), (vec![SWAP], Some("may-swap")));
        assert_eq!(judged(|seen| seen.limit = Some(1 << 25)), (vec![LIMIT], None));
    }

    #[test]
    fn what_the_kernel_refuses_is_told_apart() {
        let refused = |errno: &'static str| Heard::Error(vec!["writing".into(), errno.into()]);
        let limit = |errno: &'static str| {
            judged(move |seen| {
                if seen.case == Case::Limit {
                    (seen.run.heard, seen.limit, seen.with_swap) = (refused(errno), None, Swap::Unlimited);
                }
            })
        };
        assert_eq!(limit("Invalid argument (os error 22)"), (vec![LIMIT, SWAP], Some("swap-first")));
        assert_eq!(limit("Permission denied (os error 13)"), (vec![LIMIT, SWAP], Some("other-version")));
        assert_eq!(limit("Device or resource busy (os error 16)"), (vec![LIMIT, SWAP], None));
        let events = |errno: &'static str| {
            judged(move |seen| {
                if matches!(seen.case, Case::Hog | Case::Modest) {
                    seen.run.heard = refused(errno);
                }
            })
        };
        assert_eq!(events("No such file or directory (os error 2)"), (vec![HOG, MODEST], Some("other-version")));
        assert_eq!(events("invalid digit found in string"), (vec![HOG, MODEST], Some("no-count")));
    }

    #[test]
    fn who_killed_is_told_apart() {
        assert_eq!(judged(heard(Case::Modest, YES)), (vec![MODEST], Some("hit-is-not-killed")));
        assert_eq!(judged(heard(Case::Hog, NO)), (vec![HOG], Some("never-told")));
        assert_eq!(judged(heard(Case::Hog, Heard::Ok)), (vec![HOG], None));
    }

    #[test]
    fn what_cannot_be_has_to_be_told() {
        assert_eq!(judged(heard(Case::NoGroup, Heard::Ok)), (vec![NO_GROUP], Some("swallowed-the-error")));
        assert_eq!(judged(heard(Case::NoEvents, NO)), (vec![NO_EVENTS], Some("swallowed-the-error")));
        let bare = Heard::Error(vec!["No such file (os error 2)".into()]);
        assert_eq!(judged(heard(Case::NoEvents, bare)), (vec![NO_EVENTS], Some("bare-errno")));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..right(Case::Limit) }]);
        assert_eq!((judgement.failing(), judgement.mistake), (6, None));
    }
}
