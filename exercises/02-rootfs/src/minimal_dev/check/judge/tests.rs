use super::*;

fn mounted(kind: &str, mode: u32) -> Option<Mounted> {
    Some(Mounted { kind: Some(kind.into()), mode, the_hosts: false })
}

/// What a right answer shows.
fn right() -> Seen {
    let devices =
        NUMBERS.map(|(name, major, minor)| (name, Entry::Device { block: false, major, minor, usable: true }));
    let links = SAY.map(|(name, may)| (name, Entry::Link(may[0].into())));
    let rest = [("ptmx", Entry::Link("pts/ptmx".into())), ("pts", Entry::Folder), ("shm", Entry::Folder)];
    let all = devices.into_iter().chain(links).chain(rest);
    Seen {
        heard: Heard::Ok,
        alive: true,
        dev: mounted("tmpfs", 0o755),
        entries: all.map(|(name, entry)| (name.to_string(), entry)).collect(),
        pts: mounted("devpts", 0o755),
        ptmx_mode: Some(0o666),
        shm: mounted("tmpfs", 0o1777),
        printed: String::new(),
    }
}

fn refusal() -> Seen {
    let heard = Heard::Error(vec!["making dev".into(), "Not a directory (os error 20)".into()]);
    Seen { heard, dev: None, entries: Default::default(), ..right() }
}

fn judged(change: impl Fn(&mut Seen)) -> (Vec<&'static str>, Option<&'static str>) {
    let (mut full, mut empty) = (right(), right());
    change(&mut full);
    change(&mut empty);
    let judgement = judge(&full, &empty, &refusal());
    let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
    (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
}

fn put(seen: &mut Seen, name: &str, entry: Entry) {
    seen.entries.insert(name.into(), entry);
}

#[test]
fn a_right_answer_passes_and_may_have_places_for_more() {
    assert_eq!(judged(|_| {}), (vec![], None));
    assert_eq!(judged(|seen| put(seen, "console", Entry::File)), (vec![], None));
}

#[test]
fn what_is_the_hosts_is_told() {
    let dev = judged(|seen| {
        seen.dev.as_mut().expect("dev").the_hosts = true;
        put(seen, "sda", Entry::Device { block: true, major: 8, minor: 0, usable: false });
    });
    assert_eq!(dev, (vec![OWN, OTHERS], Some("the-hosts-dev")));
    assert_eq!(
        judged(|seen| seen.pts.as_mut().expect("pts").the_hosts = true),
        (vec![TERMINALS], Some("the-hosts-terminals"))
    );
}

#[test]
fn why_there_is_no_device_is_told_by_what_the_kernel_said() {
    let without = |word: &str| {
        judged(|seen| {
            seen.heard = Heard::Error(vec!["null".into(), format!("{word}: …")]);
            seen.entries.clear();
        })
        .1
    };
    assert_eq!(without("EPERM"), Some("mknod"));
    assert_eq!(without("ENOENT"), Some("no-place"));
    assert_eq!(without("EINVAL"), None);
}

#[test]
fn a_devpts_that_was_refused_for_its_options_is_told() {
    let refused = |place_of_shm: Option<Mounted>| {
        judged(|seen| {
            seen.heard = Heard::Error(vec!["pts".into(), "EINVAL: …".into()]);
            seen.pts.as_mut().expect("pts").kind = None;
            seen.shm = place_of_shm.clone();
        })
        .1
    };
    assert_eq!(refused(None), Some("options-of-devpts"));
    // It could have been that one.
    assert_eq!(refused(Some(Mounted { kind: None, mode: 0o755, the_hosts: false })), None);
}

#[test]
fn a_device_by_another_number_or_that_cannot_be_opened_is_none() {
    let swapped = Entry::Device { block: false, major: 1, minor: 5, usable: true };
    assert_eq!(judged(|seen| put(seen, "null", swapped.clone())).0, [DEVICES]);
    let closed = Entry::Device { block: false, major: 1, minor: 3, usable: false };
    assert_eq!(judged(|seen| put(seen, "null", closed.clone())).0, [DEVICES]);
    let files = judged(|seen| NUMBERS.iter().for_each(|(name, ..)| put(seen, name, Entry::File)));
    assert_eq!(files, (vec![DEVICES], Some("files")));
}

#[test]
fn modes_and_links_matter() {
    assert_eq!(judged(|seen| seen.dev = mounted("tmpfs", 0o1777)), (vec![OWN], Some("open-to-all")));
    assert_eq!(judged(|seen| seen.ptmx_mode = Some(0)), (vec![TERMINALS], Some("closed-ptmx")));
    assert_eq!(judged(|seen| seen.shm = mounted("tmpfs", 0o755)), (vec![SHM], Some("closed-shm")));
    assert_eq!(judged(|seen| put(seen, "stdin", Entry::Link("/proc/self/fd/1".into()))), (vec![LINKS], None));
    assert_eq!(judged(|seen| put(seen, "ptmx", Entry::File)), (vec![TERMINALS], None));
    assert_eq!(judged(|seen| put(seen, "of-the-image", Entry::File)), (vec![OTHERS], None));
}

#[test]
fn an_answer_that_makes_nothing_or_ends_fails_every_check() {
    let nothing = Seen { heard: Heard::Ok, pts: None, shm: None, ptmx_mode: None, ..refusal() };
    assert_eq!(judge(&nothing, &nothing, &nothing).failing(), 7);
    let ended = Seen { heard: Heard::Ended(0), alive: false, ..right() };
    let judgement = judge(&ended, &ended, &ended);
    assert_eq!((judgement.failing(), judgement.mistake), (7, None));
}
