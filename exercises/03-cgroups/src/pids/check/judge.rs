//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Case, Seen};
use super::mistakes::*;

const LIMIT: &str = "the group may have so many processes";
const REFUSED: &str = "the kernel refuses the next one, and not one before it";
const GONE: &str = "without a group it is an error that says so";

/// One run for each case; only the first, if that ended the program.
pub fn judge(runs: &[Seen]) -> Judgement {
    let (there, last) = (&runs[0], &runs[runs.len() - 1]);
    let outcomes = vec![limit(there), refused(there), gone(last)];
    // Not of the one that is refused: that the answer says so is right.
    Judgement::new(outcomes, mistake(runs), [&there.run.printed])
}

fn limit(seen: &Seen) -> Outcome {
    let observed = seen.limit.map_or("no limit".into(), |limit| format!("pids.max is {limit}"));
    seen.run.outcome(LIMIT, seen.limit == Some(seen.wanted), &format!("pids.max is {}", seen.wanted), observed)
}

fn refused(seen: &Seen) -> Outcome {
    let more = if seen.refused { "the next was refused" } else { "none was refused" };
    let holds = seen.refused && seen.processes == seen.wanted;
    let expected = format!("{} processes, and the next is refused", seen.wanted);
    seen.run.outcome(REFUSED, holds, &expected, format!("{} processes, and {more}", seen.processes))
}

fn gone(seen: &Seen) -> Outcome {
    seen.run.refused(GONE, seen.case == Case::Gone, Ok(()))
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen]) -> Option<&'static Mistake> {
    let [there, gone] = runs else { return None };
    if !there.run.alive || !gone.run.alive || there.run.heard != Heard::Ok {
        return None;
    }
    let limit = there.limit;
    match () {
        () if limit.is_none() && there.rlimit => Some(&OF_THE_USER),
        () if limit == Some(there.wanted + 1) || limit == Some(there.wanted - 1) => Some(&ONE_OFF),
        () if limit != Some(there.wanted) || !there.refused || there.processes != there.wanted => None,
        () if gone.run.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if gone.run.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Run;

    /// What a right answer shows.
    fn right() -> [Seen; 2] {
        let refusal = Heard::Error(vec!["writing".into(), "No such file (os error 2)".into()]);
        let run = |heard| Run { heard, alive: true, printed: String::new() };
        let there = Seen {
            case: Case::There,
            run: run(Heard::Ok),
            wanted: 7,
            limit: Some(7),
            processes: 7,
            refused: true,
            rlimit: false,
        };
        let gone =
            Seen { case: Case::Gone, run: run(refusal), limit: None, processes: 0, refused: false, ..there.clone() };
        [there, gone]
    }

    fn judged(change: impl Fn(&mut [Seen; 2])) -> (Vec<&'static str>, Option<&'static str>) {
        let mut runs = right();
        change(&mut runs);
        let judgement = judge(&runs);
        let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
        (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
    }

    #[test]
    fn a_right_answer_passes() {
        assert_eq!(judged(|_| {}), (vec![], None));
    }

    #[test]
    fn limits_are_told_apart() {
        let user = judged(|[there, _]| {
            (there.limit, there.refused, there.processes, there.rlimit) = (None, false, 20, true);
        });
        assert_eq!(user, (vec![LIMIT, REFUSED], Some("of-the-user")));
        let more = judged(|[there, _]| (there.limit, there.processes) = (Some(8), 8));
        assert_eq!(more, (vec![LIMIT, REFUSED], Some("one-off")));
        assert_eq!(judged(|[there, _]| (there.refused, there.processes) = (false, 20)), (vec![REFUSED], None));
    }

    #[test]
    fn what_cannot_be_has_to_be_told() {
        assert_eq!(judged(|[_, gone]| gone.run.heard = Heard::Ok), (vec![GONE], Some("swallowed-the-error")));
        let bare = Heard::Error(vec!["No such file (os error 2)".into()]);
        assert_eq!(judged(|[_, gone]| gone.run.heard = bare.clone()), (vec![GONE], Some("bare-errno")));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        let [there, _] = right();
        let run = Run { heard: Heard::Ended(0), alive: false, printed: String::new() };
        let judgement = judge(&[Seen { run, ..there.clone() }]);
        assert_eq!((judgement.failing(), judgement.mistake), (3, None));
        let error = Run { heard: Heard::Error(vec!["a".into(), "b".into()]), alive: true, printed: String::new() };
        assert_eq!(judge(&[Seen { run: error, ..there }]).failing(), 3);
    }
}
