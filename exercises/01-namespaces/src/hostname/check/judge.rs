//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::namespaces::{besides, list};
use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::Seen;
use super::mistakes::*;

const OWN_NAMESPACE: &str = "the process is in a UTS namespace of its own";
const ELSE: &str = "it has left no other namespace";
const OWN_NAME: &str = "its hostname is the one that was asked for";
const HOST_KEPT: &str = "the host keeps its name";
const TOO_LONG: &str = "a name that is too long comes back as an error that says what was refused";

/// `runs` asked for different names, `too_long` for one that the kernel refuses.
pub fn judge(runs: &[Seen], too_long: &Seen) -> Judgement {
    let outcomes = vec![
        Outcome::of_runs(runs, own_namespace),
        Outcome::of_runs(runs, nothing_else),
        Outcome::of_runs(runs, own_name),
        Outcome::of_runs(runs, host_kept),
        refused(runs, too_long),
    ];
    let printed = runs.iter().chain([too_long]).map(|seen| &seen.printed);
    Judgement::new(outcomes, mistake(runs, too_long), printed)
}

fn own_namespace(seen: &Seen) -> Outcome {
    let place = match seen.left.as_slice() {
        [] => "the process is still in the host's".to_string(),
        others => format!("the process is still in the host's; it left others: {}", others.join(", ")),
    };
    let expected = "after the call, /proc/PID/ns/uts is not the host's";
    Outcome::of(OWN_NAMESPACE, seen.alive && in_own(seen), expected, with_return(seen, place))
}

fn nothing_else(seen: &Seen) -> Outcome {
    let others = besides(&seen.left, "uts");
    let expected = "all other files in /proc/PID/ns are what they were";
    let observed = with_return(seen, format!("it has also left: {}", list(&others)));
    Outcome::of(ELSE, seen.alive && others.is_empty(), expected, observed)
}

fn own_name(seen: &Seen) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && seen.program_after == seen.asked;
    let name = format!("the process's hostname is \"{}\"", seen.program_after);
    Outcome::of(OWN_NAME, holds, format!("\"{}\" in the process's UTS namespace", seen.asked), with_return(seen, name))
}

fn host_kept(seen: &Seen) -> Outcome {
    let holds = seen.alive && !host_renamed(seen);
    let expected = format!("the host is still called \"{}\"", seen.host_before);
    Outcome::of(HOST_KEPT, holds, expected, with_return(seen, format!("it is called \"{}\" now", seen.host_after)))
}

fn refused(runs: &[Seen], too_long: &Seen) -> Outcome {
    let usual = runs.iter().all(|seen| seen.heard == Heard::Ok);
    let told = matches!(&too_long.heard, Heard::Error(_)) && !too_long.heard.is_bare_error();
    let expected = "65 bytes are refused, with a context; shorter names aren't";
    let observed = match &too_long.heard {
        Heard::Error(_) if told && !usual => "shorter names aren't set either".to_string(),
        Heard::Ok => format!("the function returned Ok, and the process's hostname is \"{}\"", too_long.program_after),
        heard => heard.in_words(),
    };
    Outcome::of(TOO_LONG, usual && told, expected, observed)
}

/// The mistake that fits everything that was seen.
fn mistake(runs: &[Seen], too_long: &Seen) -> Option<&'static Mistake> {
    let all = |holds: fn(&Seen) -> bool| runs.iter().all(holds);
    if !all(|seen| seen.alive) {
        return None;
    }
    if all(|seen| !in_own(seen) && !seen.left.is_empty()) {
        return Some(&WRONG_NAMESPACE);
    }
    if all(host_renamed) {
        return match () {
            () if all(|seen| seen.left.is_empty()) => Some(&RENAMED_THE_HOST),
            () if all(|seen| in_own(seen) && seen.host_after == seen.asked && seen.program_after == seen.asked) => {
                Some(&NAMED_TOO_EARLY)
            }
            () => None,
        };
    }
    if !all(|seen| seen.heard == Heard::Ok && !host_renamed(seen)) {
        return None;
    }
    if all(|seen| seen.left.is_empty()) {
        return Some(&NOTHING_CHANGED);
    }
    if !all(in_own) {
        return None;
    }
    if all(|seen| seen.program_after == seen.host_before) {
        return Some(&NEVER_NAMED);
    }
    if runs.iter().all(|seen| seen.program_after == runs[0].program_after) {
        return Some(&ALWAYS_THE_SAME_NAME);
    }
    match () {
        () if !all(|seen| seen.program_after == seen.asked) => None,
        () if all(|seen| seen.left.contains(&"user")) => Some(&ANOTHER_USER_NAMESPACE),
        () if all(|seen| seen.left == ["uts"]) => mistake_with_a_long_name(too_long),
        () => None,
    }
}

fn mistake_with_a_long_name(seen: &Seen) -> Option<&'static Mistake> {
    match &seen.heard {
        heard if heard.is_bare_error() => Some(&BARE_ERRNO),
        Heard::Ok if seen.program_after == seen.host_before => Some(&SWALLOWED_THE_ERROR),
        Heard::Ok if !seen.program_after.is_empty() && seen.asked.starts_with(&seen.program_after) => {
            Some(&CUT_THE_NAME)
        }
        _ => None,
    }
}

fn in_own(seen: &Seen) -> bool {
    seen.left.contains(&"uts")
}

fn host_renamed(seen: &Seen) -> bool {
    seen.host_after != seen.host_before
}

/// What was seen, and what the function returned where that isn't Ok. Of a program that has ended only the latter is known.
fn with_return(seen: &Seen, observed: String) -> String {
    seen.heard.beside(seen.alive, observed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a right answer shows.
    fn right(asked: &str) -> Seen {
        Seen {
            asked: asked.into(),
            heard: Heard::Ok,
            host_before: "lab".into(),
            host_after: "lab".into(),
            alive: true,
            program_after: asked.into(),
            left: vec!["uts"],
            printed: String::new(),
        }
    }

    fn right_refusal() -> Seen {
        let chain = vec!["sethostname".to_string(), "EINVAL: Invalid argument".to_string()];
        Seen { heard: Heard::Error(chain), program_after: "lab".into(), ..right(&"x".repeat(65)) }
    }

    /// Judges two runs in which `change` was made to what a right answer shows.
    fn judged(change: impl Fn(&mut Seen)) -> Judgement {
        let mut runs = [right("boat"), right("boat-1f")];
        runs.iter_mut().for_each(change);
        judge(&runs, &right_refusal())
    }

    #[test]
    fn a_right_answer_passes() {
        let judgement = judged(|_| {});
        assert!(judgement.passed());
        assert_eq!(judgement.mistake, None);
    }

    #[test]
    fn a_renamed_host_is_told_from_one_that_was_named_too_early() {
        let renamed = judged(|seen| {
            seen.left.clear();
            seen.host_after = seen.asked.clone();
        });
        assert_eq!(renamed.mistake, Some(&RENAMED_THE_HOST));
        assert_eq!(renamed.failing_claims(), [OWN_NAMESPACE, HOST_KEPT]);

        let early = judged(|seen| seen.host_after = seen.asked.clone());
        assert_eq!(early.mistake, Some(&NAMED_TOO_EARLY));
        assert_eq!(early.failing_claims(), [HOST_KEPT]);
    }

    #[test]
    fn a_user_namespace_of_its_own_is_one_too_many() {
        let judgement = judged(|seen| seen.left.insert(0, "user"));
        assert_eq!(judgement.failing_claims(), [ELSE]);
        assert_eq!(judgement.mistake, Some(&ANOTHER_USER_NAMESPACE));
        let pid = judged(|seen| seen.left.insert(0, "pid_for_children"));
        assert_eq!((pid.failing_claims(), pid.mistake), (vec![ELSE], None));
    }

    #[test]
    fn a_constant_passes_one_run_and_not_both() {
        let judgement = judged(|seen| seen.program_after = "boat".into());
        assert_eq!(judgement.failing_claims(), [OWN_NAME]);
        assert_eq!(judgement.mistake, Some(&ALWAYS_THE_SAME_NAME));
    }

    #[test]
    fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
        for ended in [0, 101, 137] {
            let gone = |seen: &mut Seen| {
                *seen = Seen {
                    heard: Heard::Ended(ended),
                    alive: false,
                    host_after: String::new(),
                    left: vec![],
                    ..seen.clone()
                }
            };
            let mut long = right_refusal();
            gone(&mut long);
            let mut runs = [right("boat"), right("boat-1f")];
            runs.iter_mut().for_each(gone);
            let judgement = judge(&runs, &long);
            assert_eq!(judgement.failing(), 5, "exit code {ended}");
            assert_eq!(judgement.mistake, None);
        }
    }

    #[test]
    fn an_answer_that_always_fails_does_not_pass_for_one_that_refuses_long_names() {
        let judgement = judged(|seen| seen.heard = Heard::Error(vec!["no".into(), "EPERM".into()]));
        assert!(judgement.failing_claims().contains(&TOO_LONG));
        assert_eq!(judgement.mistake, None, "the kernel shows nothing that tells why");
    }

    #[test]
    fn what_fits_no_known_mistake_gets_no_guess() {
        let judgement = judged(|seen| seen.program_after = format!("{}-x", seen.asked));
        assert_eq!(judgement.failing_claims(), [OWN_NAME]);
        assert_eq!(judgement.mistake, None);
    }

    #[test]
    fn the_ways_to_mishandle_a_long_name_are_told_apart() {
        let with = |heard: Heard, program_after: &str| {
            let long = Seen { heard, program_after: program_after.into(), ..right_refusal() };
            judge(&[right("boat"), right("boat-1f")], &long)
        };
        assert_eq!(with(Heard::Ok, "lab").mistake, Some(&SWALLOWED_THE_ERROR));
        assert_eq!(with(Heard::Ok, &"x".repeat(64)).mistake, Some(&CUT_THE_NAME));
        let bare = Heard::Error(vec!["EINVAL: Invalid argument".into()]);
        assert_eq!(with(bare, "lab").mistake, Some(&BARE_ERRNO));
        let own_words = Heard::Error(vec!["a hostname has at most 64 bytes, this one has 65".into()]);
        assert!(with(own_words, "lab").passed(), "an answer may check the length itself");
    }
}
