use super::super::look::{Ids, World};
use super::*;

const ME: Ids = Ids { uid: 1234, gid: 2345 };

fn to(inside: u32, outside: u32) -> Vec<IdRange> {
    vec![IdRange { inside, outside, length: 1 }]
}

/// What a right answer shows to whoever is `ME` outside.
fn right(uid: u32) -> Seen {
    Seen {
        world: World { uid, gid: uid, room: true },
        heard: Heard::Ok,
        alive: true,
        left: vec!["user"],
        uid_map: to(0, ME.uid),
        gid_map: to(0, ME.gid),
        setgroups: "deny".into(),
        written: vec!["setgroups", "uid_map", "gid_map"],
        outside_before: ME,
        outside: ME,
        lacks: 0,
        printed: String::new(),
    }
}

fn error(chain: &[&str]) -> Heard {
    Heard::Error(chain.iter().map(ToString::to_string).collect())
}

fn refused() -> Seen {
    let heard = error(&["unshare", "ENOSPC: No space left on device"]);
    Seen { heard, left: vec![], uid_map: vec![], gid_map: vec![], ..right(5) }
}

fn judged(change: impl Fn(&mut Seen)) -> Judgement {
    let mut runs = [right(7), right(8)];
    runs.iter_mut().for_each(change);
    judge(&runs, &refused(), &[])
}

/// A map that the kernel refused.
fn nothing_mapped(seen: &mut Seen) {
    seen.heard = error(&["writing uid_map", "Operation not permitted (os error 1)"]);
    seen.uid_map.clear();
    seen.gid_map.clear();
}

#[test]
fn a_right_answer_passes() {
    let judgement = judged(|_| {});
    assert!(judgement.passed(), "{judgement:#?}");
    assert_eq!(judgement.mistake, None);
}

#[test]
fn each_thing_that_is_missing_fails_its_own_check() {
    assert_eq!(judged(|seen| seen.uid_map = to(0, 99)).failing_claims(), [USER]);
    assert_eq!(judged(|seen| seen.uid_map[0].length = 2).failing_claims(), [USER]);
    assert_eq!(judged(|seen| seen.uid_map.extend(to(1, 99))).failing_claims(), [USER]);
    assert_eq!(judged(|seen| seen.gid_map.clear()).failing_claims(), [GROUP]);
    assert_eq!(judged(|seen| seen.setgroups = "allow".into()).failing_claims(), [SETGROUPS]);
    assert_eq!(judged(|seen| seen.written = vec!["uid_map", "gid_map"]).failing_claims(), [SETGROUPS]);
    assert_eq!(judged(|seen| seen.lacks = 1 << 21).failing_claims(), [CAPABLE]);
    assert_eq!(judged(|seen| seen.left.push("net")).failing_claims(), [ELSE]);
    assert_eq!(judged(|seen| seen.outside = Ids { uid: 0, ..ME }).failing_claims(), [USER]);
}

#[test]
fn deny_has_to_come_before_the_group_map_also_where_it_is_inherited() {
    let forgotten = judged(|seen| seen.written = vec!["uid_map", "gid_map"]);
    assert_eq!(forgotten.mistake, Some(&SETGROUPS_ALLOWED));
    let late = judged(|seen| seen.written = vec!["gid_map", "uid_map", "setgroups"]);
    assert_eq!((late.failing_claims(), late.mistake), (vec![SETGROUPS], Some(&SETGROUPS_ALLOWED)));
    let other_order = judged(|seen| seen.written = vec!["uid_map", "setgroups", "gid_map"]);
    assert!(other_order.passed());
    // Where it isn't inherited, the kernel refuses.
    let refused = judged(|seen| {
        seen.heard = error(&["writing gid_map", "Operation not permitted (os error 1)"]);
        seen.gid_map.clear();
        seen.setgroups = "allow".into();
        seen.written = vec!["uid_map"];
    });
    assert_eq!(refused.mistake, Some(&SETGROUPS_ALLOWED));
    assert_eq!(refused.failing_claims(), [GROUP, SETGROUPS, REFUSED]);
}

#[test]
fn which_number_was_wrong_is_told_by_the_users_for_whom_it_is_right() {
    let mut runs = [right(7), right(8)];
    runs.iter_mut().for_each(nothing_mapped);
    let still_refused = |id| {
        let mut seen = right(id);
        nothing_mapped(&mut seen);
        seen
    };
    let told = |overflow: Seen, first: Seen| judge(&runs, &refused(), &[overflow, first]).mistake;
    assert_eq!(told(right(65534), still_refused(1000)), Some(&READ_TOO_LATE));
    assert_eq!(told(still_refused(65534), right(1000)), Some(&ALWAYS_THE_SAME_ID));
    assert_eq!(told(still_refused(65534), still_refused(1000)), None, "EPERM has more than one cause");
    runs.iter_mut().for_each(|seen| seen.heard = error(&["uid_map", "Invalid argument (os error 22)"]));
    let told = judge(&runs, &refused(), &[still_refused(65534), still_refused(1000)]).mistake;
    assert_eq!(told, Some(&MALFORMED));
}

#[test]
fn maps_that_are_not_roots_are_told_apart() {
    let itself = judged(|seen| {
        seen.uid_map = to(seen.world.uid, ME.uid);
        seen.gid_map = to(seen.world.gid, ME.gid);
    });
    assert_eq!(itself.mistake, Some(&MAPPED_TO_ITSELF));
    assert_eq!(judged(|seen| seen.gid_map.clear()).mistake, Some(&GROUP_UNMAPPED));
    let unmapped = judged(|seen| {
        seen.uid_map.clear();
        seen.gid_map.clear();
    });
    assert_eq!(unmapped.mistake, Some(&UNMAPPED));
    assert_eq!(judged(|seen| seen.left.clear()).mistake, Some(&NO_NAMESPACE));
}

#[test]
fn a_refusal_has_to_be_told_and_nothing_else() {
    let with = |heard: Heard| judge(&[right(7), right(8)], &Seen { heard, ..refused() }, &[]);
    assert_eq!(with(Heard::Ok).mistake, Some(&SWALLOWED_THE_ERROR));
    assert_eq!(with(error(&["ENOSPC: No space left on device"])).mistake, Some(&BARE_ERRNO));
    assert!(with(error(&["no user namespace for me"])).passed());
}

#[test]
fn an_answer_that_ended_the_program_gets_no_guess() {
    let judgement = judged(|seen| {
        seen.heard = Heard::Ended(0);
        seen.alive = false;
        seen.left.clear();
    });
    assert_eq!((judgement.failing(), judgement.mistake), (7, None));
}
