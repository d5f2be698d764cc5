use std::time::Duration;

use super::*;

const SILENCE: Heard = Heard::Silence(Duration::from_secs(2));

fn seen(heard: Heard) -> Seen {
    Seen { heard, came_back: vec![1], began: true, printed: String::new() }
}

/// What a right answer shows.
fn right() -> Runs {
    Runs {
        serving: Serving {
            seen: seen(Heard::Number(143)),
            number: Some(2),
            orphans: ORPHANS,
            zombies: 0,
            too_soon: false,
            command_lived: true,
        },
        listening: Listening { seen: seen(Heard::Number(41)), signal: Signal::SIGUSR1, code: 41 },
        leaving: Leaving { seen: seen(Heard::Number(7)), code: 7, command_is_gone: true, other_lives: true },
        missing: Seen { printed: "/no/such/command: not found".into(), ..seen(Heard::Number(127)) },
    }
}

fn judged(change: impl Fn(&mut Runs)) -> Judgement {
    let mut runs = right();
    change(&mut runs);
    judge(&runs)
}

#[test]
fn a_right_answer_passes_and_so_does_one_that_reports_a_missing_command_as_an_error() {
    assert!(judged(|_| {}).passed());
    let error = Heard::Error(vec!["no such command".into()]);
    assert!(judged(|runs| runs.missing.heard = error.clone()).passed());
    assert_eq!(judged(|runs| runs.missing.printed.clear()).failing_claims(), [ONCE]);
}

#[test]
fn who_only_waits_neither_reaps_nor_forwards() {
    let judgement = judged(|runs| {
        runs.serving.zombies = ORPHANS;
        runs.serving.seen.heard = SILENCE;
        runs.listening.seen.heard = SILENCE;
    });
    assert_eq!(judgement.mistake, Some(&ONLY_WAITS));
    assert_eq!(judgement.failing_claims(), [REAPED, TERM, OTHERS]);
}

#[test]
fn where_no_orphan_was_seen_none_was_reaped() {
    let judgement = judged(|runs| runs.serving.orphans = 0);
    assert_eq!((judgement.mistake, judgement.failing_claims()), (None, vec![REAPED]));
}

#[test]
fn half_of_the_job_is_told_from_the_other_half() {
    assert_eq!(judged(|runs| runs.serving.zombies = ORPHANS).mistake, Some(&NEVER_REAPS));
    assert_eq!(judged(|runs| runs.serving.zombies = 2).mistake, Some(&ONE_A_SIGNAL));
    let deaf = judged(|runs| {
        runs.serving.seen.heard = SILENCE;
        runs.listening.seen.heard = SILENCE;
    });
    assert_eq!((deaf.mistake, deaf.failing_claims()), (Some(&FORWARDS_NOTHING), vec![TERM, OTHERS]));
    let only_term = judged(|runs| runs.listening.seen.heard = SILENCE);
    assert_eq!((only_term.mistake, only_term.failing_claims()), (Some(&ONLY_TERM), vec![OTHERS]));
}

#[test]
fn signals_that_arrive_as_others_are_told_apart() {
    let sends = |term: i32, other: i32| {
        judged(|runs| {
            runs.serving.seen.heard = Heard::Number(term);
            runs.listening.seen.heard = Heard::Number(other);
        })
    };
    assert_eq!(sends(137, 137).mistake, Some(&KILLS));
    let terms = sends(143, WRONG_SIGNAL);
    assert_eq!((terms.mistake, terms.failing_claims()), (Some(&ALWAYS_TERM), vec![OTHERS]));
}

#[test]
fn a_command_that_something_else_has_ended_is_not_taken_for_an_orphan() {
    let judgement = judged(|runs| {
        runs.serving.too_soon = true;
        runs.serving.command_lived = false;
        runs.serving.seen.heard = Heard::Number(137);
        runs.listening.seen.heard = Heard::Number(137);
    });
    assert_eq!((judgement.mistake, judgement.failing_claims()), (Some(&KILLS), vec![REAPED, TERM, OTHERS]));
}

#[test]
fn exit_codes_are_told_apart() {
    assert_eq!(judged(|runs| runs.serving.seen.heard = Heard::Number(15)).mistake, Some(&BARE_SIGNAL));
    let none = judged(|runs| {
        for seen in [&mut runs.serving.seen, &mut runs.listening.seen, &mut runs.leaving.seen] {
            seen.heard = Heard::Number(0);
        }
    });
    assert_eq!((none.mistake, none.failing_claims()), (Some(&NO_CODE), vec![TERM, OTHERS, ENDS]));
}

#[test]
fn the_wrong_end_is_noticed() {
    let late = judged(|runs| runs.leaving.seen.heard = SILENCE);
    assert_eq!((late.mistake, late.failing_claims()), (Some(&WAITS_FOR_ALL), vec![ENDS]));
    let early = judged(|runs| {
        runs.serving.too_soon = true;
        runs.serving.zombies = 2;
        runs.serving.seen.heard = Heard::Number(137);
    });
    assert_eq!((early.mistake, early.failing_claims()), (Some(&ANY_CHILD), vec![REAPED, TERM]));
}

#[test]
fn a_child_that_comes_back_and_a_command_that_is_pid_1_are_noticed() {
    let twice = judged(|runs| runs.missing.came_back = vec![2]);
    assert_eq!((twice.mistake, twice.failing_claims()), (Some(&CAME_BACK_TWICE), vec![ONCE]));
    let execed = judged(|runs| {
        runs.serving.number = Some(1);
        runs.serving.zombies = ORPHANS;
    });
    assert_eq!(execed.mistake, Some(&IS_THE_COMMAND));
}

#[test]
fn an_answer_that_never_starts_anything_gets_no_guess() {
    let judgement = judged(|runs| {
        for seen in [&mut runs.serving.seen, &mut runs.listening.seen, &mut runs.leaving.seen, &mut runs.missing] {
            *seen = Seen { heard: Heard::Ended(0), came_back: vec![], began: false, printed: String::new() };
        }
    });
    assert_eq!((judgement.failing(), judgement.mistake), (5, None));
    // Not even if it says the right number.
    let guessed = judged(|runs| {
        runs.serving.seen.began = false;
        runs.listening.seen.began = false;
    });
    assert_eq!(guessed.failing_claims(), [REAPED, TERM, OTHERS]);
}
