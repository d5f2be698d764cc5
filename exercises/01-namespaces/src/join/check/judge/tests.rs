use super::super::look::World;
use super::*;

fn error(chain: &[&str]) -> Heard {
    Heard::Error(chain.iter().map(ToString::to_string).collect())
}

/// What is seen when all has been joined.
fn joined() -> Seen {
    Seen {
        heard: Heard::Ok,
        alive: true,
        apart_before: World::apart().own,
        apart: vec![],
        left: vec!["user", "uts"],
        container_lives: true,
        printed: String::new(),
    }
}

/// What is seen when nothing has.
fn refusal() -> Seen {
    let heard = error(&["/proc/9/ns/user: is process 9 gone?", "No such file or directory (os error 2)"]);
    Seen { heard, apart: World::apart().own, left: vec![], ..joined() }
}

fn right() -> Runs {
    let gone = Seen { container_lives: false, ..refusal() };
    Runs { apart: joined(), sharing: joined(), inside: joined(), in_lab: joined(), gone, anothers: refusal() }
}

fn judged(change: impl Fn(&mut Runs)) -> Judgement {
    let mut runs = right();
    change(&mut runs);
    judge(&runs)
}

#[test]
fn a_right_answer_passes() {
    let judgement = judged(|_| {});
    assert!(judgement.passed(), "{judgement:#?}");
    assert_eq!(judgement.mistake, None);
}

#[test]
fn powers_that_are_lacking_show_where_the_caller_has_them_already() {
    let judgement = judged(|runs| (runs.apart, runs.sharing) = (refusal(), refusal()));
    assert_eq!(judgement.mistake, Some(&USER_NOT_FIRST));
    assert_eq!(judgement.failing_claims(), [ALL_JOINED, CHILDREN, SHARED]);
    let everywhere = judged(|runs| (runs.apart, runs.sharing, runs.inside) = (refusal(), refusal(), refusal()));
    assert_eq!(everywhere.mistake, None);
}

#[test]
fn what_is_joined_again_is_refused() {
    for which in 0..2 {
        let judgement = judged(|runs| if which == 0 { runs.inside = refusal() } else { runs.sharing = refusal() });
        assert_eq!(judgement.mistake, Some(&ALREADY_THERE));
        assert_eq!(judgement.failing_claims().len(), 1);
    }
}

#[test]
fn what_belongs_to_another_than_the_container_is_lost_on_the_way() {
    let half = Seen { apart: vec!["net", "uts"], left: vec!["user"], ..refusal() };
    let judgement = judged(|runs| runs.in_lab = half.clone());
    assert_eq!((judgement.mistake, judgement.failing_claims()), (Some(&ONE_BY_ONE), vec![IN_LAB]));
}

#[test]
fn a_kind_that_is_forgotten_is_named() {
    let no_pid = judged(|runs| runs.apart.apart = vec!["pid"]);
    assert_eq!((no_pid.mistake, no_pid.failing_claims()), (Some(&NO_PID), vec![CHILDREN]));
    let no_time = judged(|runs| runs.apart.apart = vec!["time"]);
    assert_eq!((no_time.mistake, no_time.failing_claims()), (Some(&NOT_ALL), vec![ALL_JOINED]));
    let nothing = judged(|runs| {
        runs.apart.apart = World::apart().own;
        runs.apart.left.clear();
    });
    assert_eq!(nothing.mistake, Some(&NOTHING_CHANGED));
}

#[test]
fn a_caller_that_is_stuck_in_the_containers_mounts_opened_too_late() {
    let judgement = judged(|runs| {
        runs.apart.heard = error(&["/proc/9/ns/net", "No such file or directory (os error 2)"]);
        runs.apart.apart = vec!["net", "pid"];
    });
    assert_eq!(judgement.mistake, Some(&OPENED_TOO_LATE));
}

#[test]
fn a_refusal_has_to_be_told() {
    let with = |heard: Heard| judged(|runs| runs.gone.heard = heard.clone());
    assert_eq!(with(Heard::Ok).mistake, Some(&SWALLOWED_THE_ERROR));
    let bare = with(error(&["Permission denied (os error 13)"]));
    assert_eq!(bare.mistake, Some(&BARE_ERRNO));
    let (_, observed) = bare.outcomes[5].difference.clone().expect("it fails");
    assert!(observed.ends_with("(os error 13), the bare errno, without a context"), "{observed}");
    let half = judged(|runs| runs.anothers.left = vec!["uts"]);
    assert_eq!((half.failing_claims(), half.mistake), (vec![ANOTHERS], None));
}

#[test]
fn a_container_that_did_not_survive_is_no_success() {
    let judgement = judged(|runs| runs.apart.container_lives = false);
    assert_eq!((judgement.failing_claims(), judgement.mistake), (vec![ALL_JOINED], None));
}

#[test]
fn an_answer_that_ended_the_program_fails_everywhere() {
    let ended = Seen { heard: Heard::Ended(0), alive: false, left: vec![], ..joined() };
    let judgement = judge(&Runs::only(ended));
    assert_eq!((judgement.failing(), judgement.mistake), (7, None));
}
