use super::*;

fn error(chain: &[&str]) -> Heard {
    Heard::Error(chain.iter().map(ToString::to_string).collect())
}

/// What a right answer shows.
fn right(seconds: u64) -> Seen {
    let asked = Duration::new(seconds, 5);
    Seen {
        asked,
        heard: Heard::Ok,
        alive: true,
        left: vec![CHILDREN],
        monotonic: Offset(0, 0),
        boottime: Offset(seconds as i64, 5),
        frozen: false,
        up: 1000,
        printed: String::new(),
    }
}

fn too_far() -> Seen {
    let heard = error(&["writing timens_offsets", "Numerical result out of range (os error 34)"]);
    Seen { heard, boottime: Offset(0, 0), ..right(4_638_871_944) }
}

fn judged(change: impl Fn(&mut Seen)) -> Judgement {
    let mut runs = [right(500_000), right(3)];
    runs.iter_mut().for_each(change);
    judge(&runs, &too_far())
}

#[test]
fn a_right_answer_passes() {
    let judgement = judged(|_| {});
    assert!(judgement.passed(), "{judgement:#?}");
    assert_eq!(judgement.mistake, None);
}

#[test]
fn clocks_are_told_apart() {
    let other = judged(|seen| (seen.monotonic, seen.boottime) = (seen.boottime, Offset(0, 0)));
    assert_eq!((other.mistake, other.failing_claims()), (Some(&WRONG_CLOCK), vec![AHEAD, MONOTONIC]));
    let both = judged(|seen| seen.monotonic = seen.boottime);
    assert_eq!((both.mistake, both.failing_claims()), (Some(&BOTH_CLOCKS), vec![MONOTONIC]));
    let by_whole_seconds = judged(|seen| {
        seen.boottime.1 = 0;
        seen.monotonic = seen.boottime;
    });
    assert_eq!(
        (by_whole_seconds.mistake, by_whole_seconds.failing_claims()),
        (Some(&BOTH_CLOCKS), vec![AHEAD, MONOTONIC])
    );
}

#[test]
fn units_are_told_apart() {
    for seconds in [3000, 3_000_000, 3_000_000_005] {
        let judgement = judged(|seen| seen.boottime = Offset(seconds, 0));
        assert_eq!(judgement.mistake, Some(&WRONG_UNIT), "{seconds}");
    }
    let whole = judged(|seen| seen.boottime.1 = 0);
    assert_eq!((whole.mistake, whole.failing_claims()), (Some(&WHOLE_SECONDS), vec![AHEAD]));
    let absolute = judged(|seen| seen.boottime.0 += 1001);
    assert_eq!((absolute.mistake, absolute.failing_claims()), (Some(&ABSOLUTE), vec![AHEAD]));
    let constant = judged(|seen| seen.boottime = Offset(86400, 0));
    assert_eq!(constant.mistake, Some(&ALWAYS_THE_SAME));
}

#[test]
fn a_refused_write_is_too_late_only_if_the_offsets_are_frozen() {
    let refused = |frozen| {
        judged(|seen| {
            seen.heard = error(&["timens_offsets", "Permission denied (os error 13)"]);
            seen.boottime = Offset(0, 0);
            seen.frozen = frozen;
        })
    };
    assert_eq!(refused(true).mistake, Some(&TOO_LATE));
    assert_eq!(refused(false).mistake, None);
    assert_eq!(judged(|seen| seen.boottime = Offset(0, 0)).mistake, Some(&NEVER_SET));
}

#[test]
fn without_a_namespace_nothing_else_is_judged() {
    let without = |heard: Heard| {
        judged(|seen| {
            seen.heard = heard.clone();
            seen.left.clear();
            seen.boottime = Offset(0, 0);
        })
    };
    let judgement = without(Heard::Ok);
    assert_eq!((judgement.mistake, judgement.failing_claims()), (Some(&NO_NAMESPACE), vec![OWN, AHEAD, MONOTONIC]));
    for errno in ["Permission denied (os error 13)", "EPERM: Operation not permitted"] {
        assert_eq!(without(error(&["timens_offsets", errno])).mistake, Some(&WRITTEN_FIRST), "{errno}");
    }
}

#[test]
fn a_caller_whose_own_clock_has_changed_is_not_where_it_was() {
    let judgement = judged(|seen| seen.left.push("time"));
    assert_eq!((judgement.mistake, judgement.failing_claims()), (Some(&JOINED_ITSELF), vec![STAYS]));
}

#[test]
fn a_line_that_the_kernel_did_not_understand_is_told_from_other_refusals() {
    let refused = |errno: &str| {
        judged(|seen| {
            seen.heard = error(&["timens_offsets", errno]);
            seen.boottime = Offset(0, 0);
        })
    };
    assert_eq!(refused("Invalid argument (os error 22)").mistake, Some(&NO_SUCH_LINE));
    assert_eq!(refused("EINVAL: Invalid argument").mistake, Some(&NO_SUCH_LINE));
    let gone = refused("No such file or directory (os error 2)");
    assert_eq!((gone.mistake, gone.failing_claims()), (None, vec![AHEAD, REFUSED]));
    let (_, observed) = gone.outcomes[4].difference.clone().expect("it fails");
    assert_eq!(observed, "the function failed for an allowed offset, too");
}

#[test]
fn a_refusal_has_to_be_told() {
    let with = |heard: Heard| judge(&[right(500_000), right(3)], &Seen { heard, ..too_far() });
    assert_eq!(with(Heard::Ok).mistake, Some(&SWALLOWED_THE_ERROR));
    assert_eq!(with(error(&["Numerical result out of range (os error 34)"])).mistake, Some(&BARE_ERRNO));
    let (_, observed) =
        with(error(&["Numerical result out of range (os error 34)"])).outcomes[4].difference.clone().expect("it fails");
    assert!(observed.ends_with("(os error 34), the bare errno, without a context"), "{observed}");
    assert!(with(error(&["too far for a clock"])).passed());
}

#[test]
fn an_answer_that_ended_the_program_gets_no_guess() {
    let judgement = judged(|seen| {
        seen.heard = Heard::Ended(0);
        seen.alive = false;
        seen.left.clear();
    });
    assert_eq!((judgement.failing(), judgement.mistake), (5, None));
}
