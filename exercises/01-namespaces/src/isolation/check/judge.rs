//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{KINDS, Seen};
use super::mistakes::*;
use checker::namespaces::list;

const EACH: &str = "for each kind that is asked for the process is in a new namespace, or its children will be";
const OTHERS: &str = "where two kinds are asked for, these two are new, and no other";
const UNKNOWN: &str = "a kind that doesn't exist is an error, and nothing is made";

/// `all` asked for every kind, `two` for two of them, `unknown` for one that there is and one that there isn't.
pub fn judge(all: &Seen, two: &Seen, unknown: &Seen) -> Judgement {
    let outcomes = vec![each(all), others(two), refused(unknown)];
    Judgement::new(outcomes, mistake(all, two, unknown), [&all.printed, &two.printed, &unknown.printed])
}

fn is_exact(seen: &Seen) -> bool {
    let new = seen.made();
    KINDS.iter().all(|(kind, _)| new.contains(kind) == seen.was_asked(kind))
}

fn each(seen: &Seen) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && is_exact(seen);
    Outcome::of(
        EACH,
        holds,
        "each file in /proc/PID/ns has another inode number than before",
        in_numbers(seen, |_| true),
    )
}

fn others(seen: &Seen) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && is_exact(seen);
    let expected = format!("{} have other inode numbers, and nothing else has", seen.asked.join(" and "));
    let new = seen.made();
    let shown = |kind: &str| seen.was_asked(kind) || new.contains(&kind);
    Outcome::of(OTHERS, holds, expected, in_numbers(seen, shown))
}

fn in_numbers(seen: &Seen, shown: impl Fn(&str) -> bool) -> String {
    match (&seen.heard, seen.alive) {
        (Heard::Ok, true) => seen.numbers(shown),
        (heard, true) => format!("{}; {}", seen.numbers(shown), heard.in_words()),
        (heard, false) => heard.in_words(),
    }
}

fn refused(seen: &Seen) -> Outcome {
    let holds = seen.alive && matches!(seen.heard, Heard::Error(_)) && seen.made().is_empty();
    let made = match &seen.made()[..] {
        [] => String::new(),
        new => format!(", and made: {}", list(new)),
    };
    let expected = format!("an error for {}, and all is as it was", seen.asked.join(" and "));
    Outcome::of(UNKNOWN, holds, expected, format!("{}{made}", seen.heard.in_words()))
}

/// The mistake that fits everything that was seen.
fn mistake(all: &Seen, two: &Seen, unknown: &Seen) -> Option<&'static Mistake> {
    if ![all, two, unknown].iter().all(|seen| seen.alive) {
        return None;
    }
    match all.heard {
        Heard::Ok => {}
        // Of two it may have refused one or none, by chance.
        Heard::Error(_) if all.made().is_empty() => return Some(&REFUSES_WHAT_EXISTS),
        _ => return None,
    }
    let missing: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).filter(|kind| !all.made().contains(kind)).collect();
    let too_many = two.made().iter().any(|kind| !two.was_asked(kind));
    match (&missing[..], &two.heard) {
        (all_of_them, _) if all_of_them.len() == KINDS.len() => Some(&NOTHING_CHANGED),
        (many, Heard::Ok) if many.len() == KINDS.len() - 1 => Some(&ONLY_ONE),
        (["time"], Heard::Ok) if is_exact(two) => Some(&LOST_ON_THE_WAY),
        (_, Heard::Ok) if too_many && two.made() == all.made() => Some(&ALWAYS_THE_SAME),
        ([], Heard::Ok) if is_exact(two) => with_an_unknown(unknown),
        _ => None,
    }
}

fn with_an_unknown(seen: &Seen) -> Option<&'static Mistake> {
    match (&seen.heard, seen.made().is_empty()) {
        (Heard::Ok, _) => Some(&IGNORES_UNKNOWN),
        (Heard::Error(_), false) => Some(&HALF_DONE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a right answer shows.
    fn right(asked: &[&str]) -> Seen {
        let before = [Some(1); 8];
        let after = KINDS.map(|(kind, _)| Some(if asked.contains(&kind) { 2 } else { 1 }));
        let asked = asked.iter().map(ToString::to_string).collect();
        Seen { asked, heard: Heard::Ok, alive: true, before, after, printed: String::new() }
    }

    fn all() -> Seen {
        right(&KINDS.map(|(kind, _)| kind))
    }

    fn two() -> Seen {
        right(&["ipc", "uts"])
    }

    fn unknown() -> Seen {
        let heard = Heard::Error(vec!["there is no kind \"ipx\"".into()]);
        Seen { heard, after: [Some(1); 8], ..right(&["ipc", "ipx"]) }
    }

    /// Only `kinds` are new.
    fn with(seen: Seen, kinds: &[&str]) -> Seen {
        Seen { after: right(kinds).after, ..seen }
    }

    #[test]
    fn a_right_answer_passes() {
        let judgement = judge(&all(), &two(), &unknown());
        assert!(judgement.passed(), "{judgement:#?}");
        assert_eq!(judgement.mistake, None);
    }

    #[test]
    fn a_pid_namespace_without_a_file_is_a_new_one() {
        let mut seen = all();
        seen.after[4] = None;
        assert!(judge(&seen, &two(), &unknown()).passed());
    }

    #[test]
    fn a_flag_that_is_lost_is_told_from_others_that_are() {
        let without = |lost: &str| with(all(), &KINDS.map(|(kind, _)| if kind == lost { "" } else { kind }));
        let time = judge(&without("time"), &two(), &unknown());
        assert_eq!((time.mistake, time.failing_claims()), (Some(&LOST_ON_THE_WAY), vec![EACH]));
        let ipc = judge(&without("ipc"), &two(), &unknown());
        assert_eq!((ipc.mistake, ipc.failing_claims()), (None, vec![EACH]));
        let (expected, observed) = ipc.outcomes[0].difference.clone().expect("it fails");
        assert!(expected.contains("inode"));
        assert!(
            observed.starts_with("unchanged  ipc 1\nnew        cgroup 1 → 2\nnew        mnt 1 → 2\n"),
            "{observed}"
        );
    }

    #[test]
    fn too_few_and_too_many_are_told_apart() {
        let one = judge(&with(all(), &["uts"]), &with(two(), &["uts"]), &unknown());
        assert_eq!((one.mistake, one.failing_claims()), (Some(&ONLY_ONE), vec![EACH, OTHERS]));
        let none = judge(&with(all(), &[]), &with(two(), &[]), &unknown());
        assert_eq!(none.mistake, Some(&NOTHING_CHANGED));
        let fixed = judge(&with(all(), &["ipc", "cgroup"]), &with(two(), &["ipc", "cgroup"]), &unknown());
        assert_eq!(fixed.mistake, Some(&ALWAYS_THE_SAME));
        let everything = judge(&all(), &with(two(), &KINDS.map(|(kind, _)| kind)), &unknown());
        assert_eq!((everything.mistake, everything.failing_claims()), (Some(&ALWAYS_THE_SAME), vec![OTHERS]));
    }

    #[test]
    fn a_kind_that_there_is_not_has_to_be_refused_before_anything_is_made() {
        let ignored = judge(&all(), &two(), &Seen { heard: Heard::Ok, ..with(unknown(), &["ipc"]) });
        assert_eq!((ignored.mistake, ignored.failing_claims()), (Some(&IGNORES_UNKNOWN), vec![UNKNOWN]));
        let half = judge(&all(), &two(), &with(unknown(), &["ipc"]));
        assert_eq!((half.mistake, half.failing_claims()), (Some(&HALF_DONE), vec![UNKNOWN]));
    }

    #[test]
    fn a_list_of_kinds_that_exist_must_not_be_refused() {
        let heard = Heard::Error(vec!["there is no kind \"time\"".into()]);
        let refused = Seen { heard, ..with(all(), &[]) };
        let judgement = judge(&refused, &two(), &unknown());
        assert_eq!((judgement.mistake, judgement.failing_claims()), (Some(&REFUSES_WHAT_EXISTS), vec![EACH]));
        let (_, observed) = judgement.outcomes[0].difference.clone().expect("it fails");
        assert!(observed.starts_with("unchanged  cgroup 1\n") && !observed.contains("new "), "{observed}");
        let half = Seen { after: right(&["uts"]).after, ..refused };
        assert_eq!(judge(&half, &two(), &unknown()).mistake, None);
    }

    #[test]
    fn an_answer_that_ended_the_program_gets_no_guess() {
        let ended = Seen { heard: Heard::Ended(0), alive: false, ..all() };
        let judgement = judge(&ended, &ended, &ended);
        assert_eq!((judgement.failing(), judgement.mistake), (3, None));
    }
}
