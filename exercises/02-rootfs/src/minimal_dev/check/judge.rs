//! What was seen, judged. Nothing here asks the kernel or reads the answer's text.

use checker::{Heard, Judgement, Mistake, Outcome};

use super::look::{Entry, Mounted, Seen};
use super::mistakes::*;
use crate::view::{list, refused, unless_failed};

const OWN: &str = "dev is a tmpfs of its own, in which only root may make anything";
const DEVICES: &str = "null, zero, full, random, urandom and tty are there, by their numbers, and can be opened";
const OTHERS: &str = "nothing else is in it: no other device, and nothing of the image's";
const LINKS: &str = "fd, stdin, stdout and stderr lead to the descriptors of whoever asks";
const TERMINALS: &str = "terminals are its own, and anybody may open one";
const SHM: &str = "anybody may make files in shm, which is a tmpfs of its own";
const REFUSED: &str = "a root that is no folder is an error that says what was refused";

/// Major and minor numbers: null(4), random(4), tty(4).
const NUMBERS: [(&str, u64, u64); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

/// Each link, and what it may say.
const SAY: [(&str, [&str; 2]); 4] = [
    ("fd", ["/proc/self/fd", "../proc/self/fd"]),
    ("stdin", ["/proc/self/fd/0", "fd/0"]),
    ("stdout", ["/proc/self/fd/1", "fd/1"]),
    ("stderr", ["/proc/self/fd/2", "fd/2"]),
];

const PTMX: [&str; 2] = ["pts/ptmx", "/dev/pts/ptmx"];

/// What may be there besides: places for what is mounted later.
const MAY_BE: [(&str, Entry); 2] = [("mqueue", Entry::Folder), ("console", Entry::File)];

pub fn judge(full: &Seen, empty: &Seen, file: &Seen) -> Judgement {
    let runs = [full.clone(), empty.clone()];
    let of_both = |check: fn(&Seen) -> Outcome| Outcome::of_runs(&runs, check);
    let outcomes = vec![
        of_both(own),
        of_both(devices),
        of_both(others),
        of_both(links),
        of_both(terminals),
        of_both(shm),
        refused(REFUSED, &file.heard, file.alive, file.dev.is_none(), "a dev was made"),
    ];
    Judgement::new(outcomes, mistake(full, empty, file), [&full.printed, &empty.printed])
}

fn outcome(claim: &'static str, seen: &Seen, holds: bool, expected: &str, observed: String) -> Outcome {
    let holds = seen.alive && seen.heard == Heard::Ok && holds;
    Outcome::of(claim, holds, expected, unless_failed(&seen.heard, seen.alive, observed))
}

/// `a tmpfs with mode 0755`
fn in_words(mounted: Option<&Mounted>) -> String {
    match mounted {
        None => "there is no such folder".into(),
        Some(Mounted { the_hosts: true, .. }) => "it is the host's".into(),
        Some(Mounted { kind: None, .. }) => "a folder on which nothing is mounted".into(),
        Some(Mounted { kind: Some(kind), mode, .. }) => format!("a {kind} with mode {mode:04o}"),
    }
}

fn is_new(mounted: Option<&Mounted>, kind: &str) -> bool {
    mounted.is_some_and(|mounted| mounted.kind.as_deref() == Some(kind) && !mounted.the_hosts)
}

fn own(seen: &Seen) -> Outcome {
    let dev = seen.dev.as_ref();
    let holds = is_new(dev, "tmpfs") && dev.is_some_and(|dev| dev.mode & 0o7777 == 0o755);
    outcome(OWN, seen, holds, "a tmpfs with mode 0755", in_words(dev))
}

/// Those that aren't what they should be, each with what is there instead.
fn missing_devices(seen: &Seen) -> Vec<String> {
    let wrong = |(name, major, minor): &(&str, u64, u64)| {
        let wanted = Entry::Device { block: false, major: *major, minor: *minor, usable: true };
        match seen.entries.get(*name) {
            Some(entry) if *entry == wanted => None,
            Some(Entry::Device { usable: false, .. }) => Some(format!("{name} can't be opened")),
            Some(Entry::Device { major, minor, .. }) => Some(format!("{name} is device {major}:{minor}")),
            Some(Entry::File) => Some(format!("{name} is a plain file")),
            Some(Entry::Link(to)) => Some(format!("{name} is a link to {to}")),
            Some(Entry::Folder) => Some(format!("{name} is a folder")),
            None => Some(format!("{name} isn't there")),
        }
    };
    NUMBERS.iter().filter_map(wrong).collect()
}

fn devices(seen: &Seen) -> Outcome {
    let wrong = missing_devices(seen);
    outcome(
        DEVICES,
        seen,
        wrong.is_empty(),
        "null is 1:3, zero 1:5, full 1:7, random 1:8, urandom 1:9, tty 5:0",
        list(&wrong),
    )
}

fn unexpected(seen: &Seen) -> Vec<&String> {
    let known = |name: &str, entry: &Entry| {
        let own = NUMBERS.iter().map(|(name, ..)| *name).chain(SAY.iter().map(|(name, _)| *name));
        own.chain(["ptmx", "pts", "shm"]).any(|own| own == name)
            || MAY_BE.iter().any(|(other, kind)| *other == name && kind == entry)
    };
    seen.entries.iter().filter(|(name, entry)| !known(name, entry)).map(|(name, _)| name).collect()
}

fn others(seen: &Seen) -> Outcome {
    let holds = !seen.entries.is_empty() && unexpected(seen).is_empty();
    let observed =
        if seen.entries.is_empty() { "it is empty".into() } else { format!("also: {}", list(&unexpected(seen))) };
    outcome(OTHERS, seen, holds, "what is asked for, and nothing else", observed)
}

fn missing_links(seen: &Seen) -> Vec<&'static str> {
    let says = |name: &str, may: &[&str]| matches!(seen.entries.get(name), Some(Entry::Link(to)) if may.iter().any(|one| one == to));
    SAY.iter().filter(|(name, may)| !says(name, may)).map(|(name, _)| *name).collect()
}

fn links(seen: &Seen) -> Outcome {
    let missing = missing_links(seen);
    let observed = format!("not so: {}", list(&missing));
    outcome(LINKS, seen, missing.is_empty(), "links to /proc/self/fd, /proc/self/fd/0, 1 and 2", observed)
}

fn is_linked(seen: &Seen) -> bool {
    matches!(seen.entries.get("ptmx"), Some(Entry::Link(to)) if PTMX.contains(&to.as_str()))
}

fn terminals(seen: &Seen) -> Outcome {
    let own = is_new(seen.pts.as_ref(), "devpts");
    let observed = match (own, seen.ptmx_mode) {
        (false, _) => format!("pts: {}", in_words(seen.pts.as_ref())),
        (true, Some(0o666)) if is_linked(seen) => "they are".to_string(),
        (true, Some(0o666)) => "ptmx isn't a link to pts/ptmx".to_string(),
        (true, Some(mode)) => format!("pts/ptmx has mode {mode:04o}"),
        (true, None) => "pts/ptmx isn't there".to_string(),
    };
    let holds = own && is_linked(seen) && seen.ptmx_mode == Some(0o666);
    outcome(
        TERMINALS,
        seen,
        holds,
        "a new devpts on pts, whose ptmx has mode 0666, and the link ptmx to pts/ptmx",
        observed,
    )
}

fn shm(seen: &Seen) -> Outcome {
    let shm = seen.shm.as_ref();
    let holds = is_new(shm, "tmpfs") && shm.is_some_and(|shm| shm.mode == 0o1777);
    outcome(SHM, seen, holds, "a tmpfs with mode 1777", in_words(shm))
}

/// The mistake that fits everything that was seen.
fn mistake(full: &Seen, empty: &Seen, file: &Seen) -> Option<&'static Mistake> {
    if ![full, empty, file].iter().all(|seen| seen.alive) {
        return None;
    }
    let both = |holds: &dyn Fn(&Seen) -> bool| holds(full) && holds(empty);
    let is_there = |seen: &Seen, wanted: fn(&Entry) -> bool| {
        NUMBERS.iter().any(|(name, ..)| seen.entries.get(*name).is_some_and(wanted))
    };
    let is_device = |entry: &Entry| matches!(entry, Entry::Device { .. });
    let own = |seen: &Seen| is_new(seen.dev.as_ref(), "tmpfs");
    // What the kernel said is in the error, as nix or std word it.
    let refused_with = |seen: &Seen, words: [&str; 2]| matches!(&seen.heard, Heard::Error(chain) if chain.iter().any(|said| words.iter().any(|word| said.contains(word))));
    // Places that nothing is mounted on yet: which of several was refused, nobody can see.
    let bare = |place: &Option<Mounted>| place.as_ref().is_some_and(|place| place.kind.is_none());
    if both(&|seen| own(seen) && bare(&seen.pts) && !bare(&seen.shm) && refused_with(seen, ["EINVAL", "os error 22)"]))
    {
        return Some(&OPTIONS_OF_DEVPTS);
    }
    if both(&|seen| own(seen) && !is_there(seen, |_| true)) {
        return match () {
            () if both(&|seen| refused_with(seen, ["EPERM", "os error 1)"])) => Some(&MKNOD),
            () if both(&|seen| refused_with(seen, ["ENOENT", "os error 2)"])) => Some(&NO_PLACE),
            () => None,
        };
    }
    if !both(&|seen| seen.heard == Heard::Ok) {
        return None;
    }
    let mode = |mounted: &Option<Mounted>| mounted.as_ref().map_or(0, |mounted| mounted.mode);
    match () {
        () if both(&|seen| seen.dev.as_ref().is_some_and(|dev| dev.the_hosts)) => Some(&THE_HOSTS),
        () if both(&|seen| !own(seen) && is_there(seen, is_device)) => Some(&IN_THE_IMAGE),
        () if !both(&|seen| own(seen)) => None,
        () if both(&|seen| NUMBERS.iter().all(|(name, ..)| seen.entries.get(*name) == Some(&Entry::File))) => {
            Some(&FILES)
        }
        () if !both(&|seen| missing_devices(seen).is_empty() && unexpected(seen).is_empty()) => None,
        () if mode(&full.dev) & 0o022 != 0 => Some(&OPEN_TO_ALL),
        () if both(&|seen| missing_links(seen).len() == SAY.len()) => Some(&NO_LINKS),
        () if both(&|seen| seen.pts.as_ref().is_some_and(|pts| pts.the_hosts)) => Some(&THE_HOSTS_TERMINALS),
        () if !both(&|seen| is_new(seen.pts.as_ref(), "devpts")) => None,
        () if both(&|seen| seen.ptmx_mode.is_some_and(|mode| mode != 0o666)) => Some(&CLOSED_PTMX),
        () if both(&|seen| seen.entries.get("ptmx").is_some_and(is_device)) => Some(&THE_HOSTS_PTMX),
        () if !both(&|seen| missing_links(seen).is_empty() && is_linked(seen)) => None,
        () if both(&|seen| is_new(seen.shm.as_ref(), "tmpfs") && mode(&seen.shm) != 0o1777) => Some(&CLOSED_SHM),
        () if !both(&|seen| is_new(seen.shm.as_ref(), "tmpfs")) => None,
        () if file.heard == Heard::Ok => Some(&SWALLOWED_THE_ERROR),
        () if file.heard.is_bare_error() => Some(&BARE_ERRNO),
        () => None,
    }
}

#[cfg(test)]
mod tests;
