use std::path::{Path, PathBuf};

use lab::look::Propagation;

use super::*;

fn mount(id: i32, point: impl AsRef<Path>, shared: Option<u32>, master: Option<u32>) -> Mount {
    Mount {
        id,
        parent: 1,
        root: "/".into(),
        mount_point: point.as_ref().into(),
        options: vec![],
        propagation: Propagation { shared, master, unbindable: false },
        file_system: "tmpfs".into(),
        source: "x".into(),
        super_options: vec![],
    }
}

fn place(name: &str) -> PathBuf {
    Path::new("/tmp/host").join(name)
}

/// What a right answer shows.
fn right() -> Seen {
    let host =
        vec![mount(1, "/", Some(1), None), mount(2, place(""), Some(2), None), mount(3, place("hosts"), Some(3), None)];
    Seen {
        heard: Heard::Ok,
        alive: true,
        place: place(""),
        own_table: true,
        left: vec!["mnt"],
        host_before: host.clone(),
        host_after: host,
        table: vec![
            mount(11, "/", None, None),
            mount(12, place(""), None, None),
            mount(14, place("containers"), None, None),
        ],
        printed: String::new(),
    }
}

fn nobody() -> Refused {
    let heard = Heard::Error(vec!["unshare".into(), "EPERM: Operation not permitted".into()]);
    Refused { heard, alive: true, moved: false }
}

fn judged(change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
    let mut seen = right();
    change(&mut seen);
    let judgement = judge(&seen, &nobody());
    let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
    (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
}

fn leak(seen: &mut Seen) {
    seen.host_after.remove(2);
    seen.host_after.push(mount(4, place("containers"), Some(4), None));
}

#[test]
fn a_user_namespace_of_its_own_is_one_too_many() {
    let judged = judged(|seen| seen.left.push("user"));
    assert_eq!(judged, (vec![OWN], Some("another-user-namespace")));
}

#[test]
fn a_right_answer_passes() {
    assert_eq!(judged(|_| {}), (vec![], None));
}

#[test]
fn a_table_that_is_still_shared_is_told_from_one_of_which_only_the_top_is_private() {
    let shared = judged(|seen| {
        seen.table.iter_mut().for_each(|mount| mount.propagation.shared = Some(1));
        leak(seen);
    });
    assert_eq!(shared, (vec![PRIVATE, NO_LEAK], Some("still-shared")));
    let top_only = judged(|seen| {
        seen.table[1..].iter_mut().for_each(|mount| mount.propagation.shared = Some(2));
        leak(seen);
    });
    assert_eq!(top_only, (vec![PRIVATE, NO_LEAK], Some("only-the-top")));
    let slave = judged(|seen| seen.table.iter_mut().for_each(|mount| mount.propagation.master = Some(1)));
    assert_eq!(slave, (vec![PRIVATE], Some("still-listens")));
}

#[test]
fn what_was_done_to_the_host_is_noticed() {
    let make_private = |seen: &mut Seen| seen.host_after.iter_mut().for_each(|mount| mount.propagation.shared = None);
    assert_eq!(judged(make_private), (vec![HOST_KEPT], Some("changed-the-host")));
    let never_left = judged(|seen| {
        make_private(seen);
        seen.own_table = false;
        seen.left.clear();
    });
    assert_eq!(never_left, (vec![OWN, PRIVATE, HOST_KEPT], Some("never-left")));
}

#[test]
fn a_container_in_which_nothing_can_be_mounted_proves_nothing() {
    assert_eq!(judged(|seen| drop(seen.table.pop())), (vec![NO_LEAK], None));
    assert_eq!(judged(|seen| seen.table.clear()).0, [PRIVATE, NO_LEAK]);
}

#[test]
fn an_answer_that_ends_the_program_fails_every_check_without_a_guess() {
    let seen = Seen { heard: Heard::Ended(0), alive: false, ..right() };
    let judgement = judge(&seen, &Refused::like(&seen));
    assert_eq!((judgement.failing(), judgement.mistake), (5, None));
}

#[test]
fn refusals_are_told_apart() {
    let with = |heard| judge(&right(), &Refused { heard, ..nobody() }).mistake.map(|mistake| mistake.id);
    assert_eq!(with(Heard::Ok), Some("swallowed-the-error"));
    assert_eq!(with(Heard::Error(vec!["EPERM: x".into()])), Some("bare-errno"));
}
