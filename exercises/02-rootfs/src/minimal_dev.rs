//! Exercise 2.5: a /dev in which programs work.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "2.5",
    name: "minimal_dev",
    title: "a /dev in which programs work",
    kind: Kind::Build,
    minutes: 45,
    difficulty: Difficulty::Medium,
    chapter: "02-rootfs",
    page: "02-rootfs/mounts.md",
    shown_by: "run ls -l /dev",
    needs_cgroups: false,
    hints: &[
        "Begin with the place: a directory \"dev\" in the root, and a new tmpfs on it, so that \
         nothing of the image's and nothing of the host's is in there. Then a device: mknod(2) says \
         EPERM to root of a user namespace. But a mount shows what is there already, and a single \
         file, too.",
        "A file is mounted on a file: make an empty one of that name first \
         (std::fs::File::create), then mount the host's node on it with MS_BIND. The links are \
         std::os::unix::fs::symlink(what it says, where it is); ptmx says \"pts/ptmx\". On pts \
         belongs a new mount of the type devpts.",
        "mount(Some(\"tmpfs\"), &dev, Some(\"tmpfs\"), MsFlags::MS_NOSUID, Some(\"mode=0755\")): \
         options are the last argument, separated by commas. A tmpfs is open to all (1777) unless \
         told. A devpts's ptmx is closed to all unless told: pts(4) and mount(8) have ptmxmode. \
         (gid=5, as in many examples, is refused where group 5 isn't mapped.)",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    MKNOD = Mistake::new("mknod",
        "The tmpfs is there, and the first device isn't: the kernel refused it.",
        "mknod(2) of a device asks for CAP_MKNOD over the machine, since a node is a way to any \
         driver, a disk's too. Root of a user namespace gets EPERM, always. The host's six nodes \
         are there already: a mount can show each of them.");
    NO_PLACE = Mistake::new("no-place",
        "The tmpfs is there, and the first device could not be mounted: there is no such file.",
        "A mount needs a place that is there already: a file is mounted on a file, a directory on a \
         directory. The tmpfs is empty. What is in the file doesn't matter: it is covered.");
    THE_HOSTS = Mistake::new("the-hosts-dev",
        "dev is the host's /dev, with everything in it.",
        "Whatever the host has in there, disks and terminals of others, is now the container's to \
         try. Begin with an empty tmpfs, and show in it only what every program needs.");
    IN_THE_IMAGE = Mistake::new("in-the-image",
        "The devices lie in the image's own directory.",
        "What was made for them stays there when the container ends, what the image had there is \
         still seen, and a read-only image can't be used at all. A tmpfs on the directory covers it, \
         and ends with the container.");
    FILES = Mistake::new("files",
        "The devices are plain, empty files.",
        "What is written to such a /dev/null stays there, and from /dev/zero nothing comes. The \
         file is the place; on it belongs a mount of the host's node.");
    OPEN_TO_ALL = Mistake::new("open-to-all",
        "Everybody may make files in dev.",
        "A tmpfs begins with mode 1777, as /tmp has it. Who isn't root in the container could put \
         files where programs look for devices. A mount option sets another mode.");
    NO_LINKS = Mistake::new("no-links",
        "None of the links fd, stdin, stdout and stderr is right.",
        "Scripts write to /dev/stderr, and the shell's <(…) needs /dev/fd. They are symbolic links \
         to /proc/self/fd and what is in there, which is everybody's own: they are never resolved \
         while they are made.");
    THE_HOSTS_TERMINALS = Mistake::new("the-hosts-terminals",
        "pts is the host's: the container sees everybody's terminals.",
        "Each new mount of the type devpts is an instance of its own, which begins empty. Mount a \
         new one; don't bind the host's.");
    CLOSED_PTMX = Mistake::new("closed-ptmx",
        "Terminals are its own, and nobody may open one.",
        "A devpts has its ptmx in it, and unless told otherwise with mode 0000: for decades \
         /dev/ptmx was a device of its own, and this one should not surprise anybody. ptmxmode is \
         the option.");
    OPTIONS_OF_DEVPTS = Mistake::new("options-of-devpts",
        "The directory pts is there, and the kernel refused the devpts for it: EINVAL.",
        "An option is one that it can't take. gid=5, as in many examples, is Docker's: group 5, \
         the host's tty, isn't mapped in this user namespace, so nothing can belong to it. Leave it \
         out. (A misspelt option gets the same answer.)");
    THE_HOSTS_PTMX = Mistake::new("the-hosts-ptmx",
        "ptmx is a device that was bound from the host.",
        "A terminal that is opened there appears in the host's pts, and not in the container's. \
         The one that belongs to this pts lies in it; ptmx is a link to it.");
    CLOSED_SHM = Mistake::new("closed-shm",
        "In shm only root may make files.",
        "shm_open(3) makes a file there, for whichever user a program runs as. It needs the mode \
         of /tmp: everybody may write, and only the owner remove (1777).");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The root is no directory, and the function returned Ok.",
        "A container without /dev/null fails much later, and nobody sees why.");
    BARE_ERRNO = Mistake { why:
        "\"Not a directory\" could be any of a dozen paths. Say which: .with_context(|| \
         format!(\"making {}\", path.display()))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of the `dev` that was made.

    use std::collections::BTreeMap;
    use std::fs::{self, File};
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    use std::path::Path;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::observe::{Mount, mountinfo};
    use lab::{Lab, observe};
    use nix::sys::stat::{major, minor};

    use checker::view::{identity, list, new_place, path_of, refused, unless_failed, word};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let full = observe(program, "full")?;
        if !full.alive || matches!(full.reply, Reply::Silence(_)) {
            return Ok(judge(&full, &full, &full));
        }
        let empty = observe(program, "empty")?;
        let file = observe(program, "file")?;
        Ok(judge(&full, &empty, &file))
    }

    /// What a name in `dev` stands for.
    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Entry {
        /// `usable`: it can be opened.
        Device {
            block: bool,
            major: u64,
            minor: u64,
            usable: bool,
        },
        Link(String),
        Directory,
        File,
    }

    /// A directory on which something is mounted.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Mounted {
        /// `tmpfs`, …; `None`: nothing is mounted there.
        kind: Option<String>,
        /// Permission bits.
        mode: u32,
        /// Whether it is the very directory that the host has there.
        the_hosts: bool,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Whether the program still ran when we looked; if not, there is nothing in the lists.
        alive: bool,
        dev: Option<Mounted>,
        entries: BTreeMap<String, Entry>,
        pts: Option<Mounted>,
        /// Permission bits of pts/ptmx.
        ptmx_mode: Option<u32>,
        shm: Option<Mounted>,
        printed: String,
    }

    /// `kind`: the root is `full` (its dev isn't empty), `empty`, or a `file`.
    fn observe(program: &Program, kind: &str) -> Result<Observation> {
        let place = new_place();
        let mut running = program.start(Lab::new(), &[word(&place), kind])?;
        let (host, main) = (running.init(), running.main());

        let reply = running.go_on()?;

        let dev = place.join("box/dev");
        let table = mountinfo(main).unwrap_or_default();
        let mounted = |name: &str| mounted(&table, main, host, &dev, name);
        let path = path_of(main, &dev);
        let seen = Observation {
            reply,
            alive: true,
            dev: mounted(""),
            entries: entries(&path),
            pts: mounted("pts"),
            ptmx_mode: fs::metadata(path.join("pts/ptmx")).ok().map(|file| file.mode() & 0o777),
            shm: mounted("shm"),
            printed: String::new(),
        };
        let alive = observe::process_exists(main);
        Ok(Observation { alive, printed: running.end(), ..seen })
    }

    fn mounted(table: &[Mount], main: i32, host: i32, dev: &Path, name: &str) -> Option<Mounted> {
        let place = if name.is_empty() { dev.to_path_buf() } else { dev.join(name) };
        let directory = fs::metadata(path_of(main, &place)).ok().filter(fs::Metadata::is_dir)?;
        let mount = table.iter().rev().find(|mount| mount.mount_point == place);
        Some(Mounted {
            kind: mount.map(|mount| mount.file_system.clone()),
            mode: directory.mode() & 0o7777,
            the_hosts: identity(path_of(main, &place)) == identity(path_of(host, Path::new("/dev").join(name))),
        })
    }

    fn entries(dev: &Path) -> BTreeMap<String, Entry> {
        let found = fs::read_dir(dev).into_iter().flatten().flatten();
        found
            .filter_map(|entry| Some((entry.file_name().to_string_lossy().into_owned(), from_path(&entry.path())?)))
            .collect()
    }

    fn from_path(path: &Path) -> Option<Entry> {
        let file = fs::symlink_metadata(path).ok()?;
        let kind = file.file_type();
        Some(match () {
            () if kind.is_symlink() => Entry::Link(fs::read_link(path).ok()?.to_string_lossy().into_owned()),
            () if kind.is_dir() => Entry::Directory,
            () if kind.is_char_device() => {
                let (major, minor) = (major(file.rdev()), minor(file.rdev()));
                Entry::Device { block: false, major, minor, usable: can_be_opened(path) }
            }
            // Not opened: who knows what that does.
            () if kind.is_block_device() => {
                Entry::Device { block: true, major: major(file.rdev()), minor: minor(file.rdev()), usable: false }
            }
            () => Entry::File,
        })
    }

    /// On a mount with nodev, EACCES. A process without a terminal has nothing behind /dev/tty
    /// (ENXIO); that is the device's own answer.
    fn can_be_opened(path: &Path) -> bool {
        File::open(path).err().is_none_or(|error| error.raw_os_error() == Some(libc::ENXIO))
    }

    const OWN: &str = "dev is a tmpfs of its own, in which only root may make anything";
    const DEVICES: &str = "null, zero, full, random, urandom and tty are there, by their numbers, and can be opened";
    const OTHERS: &str = "that is all: other devices, and what the image had there, are gone";
    const LINKS: &str = "fd, stdin, stdout and stderr lead to the descriptors of whoever asks";
    const TERMINALS: &str = "terminals are its own, and anybody may open one";
    const SHM: &str = "anybody may make files in shm, which is a tmpfs of its own";
    const REFUSED: &str = "a root that is no directory is an error that says what was refused";

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
    const MAY_BE: [(&str, Entry); 2] = [("mqueue", Entry::Directory), ("console", Entry::File)];

    fn judge(full: &Observation, empty: &Observation, file: &Observation) -> Judgement {
        let runs = [full.clone(), empty.clone()];
        let of_both = |check: fn(&Observation) -> Outcome| Outcome::first_failing(&runs, check);
        let outcomes = vec![
            of_both(own),
            of_both(devices),
            of_both(others),
            of_both(links),
            of_both(terminals),
            of_both(shm),
            refused(REFUSED, &file.reply, file.alive, file.dev.is_none(), "a dev was made"),
        ];
        Judgement::new(outcomes, mistake(full, empty, file), [&full.printed, &empty.printed])
    }

    fn outcome(claim: &'static str, seen: &Observation, holds: bool, expected: &str, observed: String) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && holds;
        Outcome::new(claim, holds, expected, unless_failed(&seen.reply, seen.alive, observed))
    }

    /// `a tmpfs with mode 0755`
    fn in_words(mounted: Option<&Mounted>) -> String {
        match mounted {
            None => "there is no such directory".into(),
            Some(Mounted { the_hosts: true, .. }) => "it is the host's".into(),
            Some(Mounted { kind: None, .. }) => "a directory on which nothing is mounted".into(),
            Some(Mounted { kind: Some(kind), mode, .. }) => format!("a {kind} with mode {mode:04o}"),
        }
    }

    fn is_new(mounted: Option<&Mounted>, kind: &str) -> bool {
        mounted.is_some_and(|mounted| mounted.kind.as_deref() == Some(kind) && !mounted.the_hosts)
    }

    fn own(seen: &Observation) -> Outcome {
        let dev = seen.dev.as_ref();
        let holds = is_new(dev, "tmpfs") && dev.is_some_and(|dev| dev.mode & 0o7777 == 0o755);
        outcome(OWN, seen, holds, "a tmpfs with mode 0755", in_words(dev))
    }

    /// Those that aren't what they should be, each with what is there instead.
    fn missing_devices(seen: &Observation) -> Vec<String> {
        let wrong = |(name, major, minor): &(&str, u64, u64)| {
            let wanted = Entry::Device { block: false, major: *major, minor: *minor, usable: true };
            match seen.entries.get(*name) {
                Some(entry) if *entry == wanted => None,
                Some(Entry::Device { usable: false, .. }) => Some(format!("{name} can't be opened")),
                Some(Entry::Device { major, minor, .. }) => Some(format!("{name} is device {major}:{minor}")),
                Some(Entry::File) => Some(format!("{name} is a plain file")),
                Some(Entry::Link(to)) => Some(format!("{name} is a link to {to}")),
                Some(Entry::Directory) => Some(format!("{name} is a directory")),
                None => Some(format!("{name} isn't there")),
            }
        };
        NUMBERS.iter().filter_map(wrong).collect()
    }

    fn devices(seen: &Observation) -> Outcome {
        let wrong = missing_devices(seen);
        outcome(
            DEVICES,
            seen,
            wrong.is_empty(),
            "null is 1:3, zero 1:5, full 1:7, random 1:8, urandom 1:9, tty 5:0",
            list(&wrong),
        )
    }

    fn unexpected(seen: &Observation) -> Vec<&String> {
        let known = |name: &str, entry: &Entry| {
            let own = NUMBERS.iter().map(|(name, ..)| *name).chain(SAY.iter().map(|(name, _)| *name));
            own.chain(["ptmx", "pts", "shm"]).any(|own| own == name)
                || MAY_BE.iter().any(|(other, kind)| *other == name && kind == entry)
        };
        seen.entries.iter().filter(|(name, entry)| !known(name, entry)).map(|(name, _)| name).collect()
    }

    fn others(seen: &Observation) -> Outcome {
        let holds = !seen.entries.is_empty() && unexpected(seen).is_empty();
        let observed =
            if seen.entries.is_empty() { "it is empty".into() } else { format!("also: {}", list(&unexpected(seen))) };
        outcome(OTHERS, seen, holds, "what is asked for, and nothing else", observed)
    }

    fn missing_links(seen: &Observation) -> Vec<&'static str> {
        let says = |name: &str, may: &[&str]| matches!(seen.entries.get(name), Some(Entry::Link(to)) if may.iter().any(|one| one == to));
        SAY.iter().filter(|(name, may)| !says(name, may)).map(|(name, _)| *name).collect()
    }

    fn links(seen: &Observation) -> Outcome {
        let missing = missing_links(seen);
        let observed = format!("not so: {}", list(&missing));
        outcome(LINKS, seen, missing.is_empty(), "links to /proc/self/fd, /proc/self/fd/0, 1 and 2", observed)
    }

    fn is_linked(seen: &Observation) -> bool {
        matches!(seen.entries.get("ptmx"), Some(Entry::Link(to)) if PTMX.contains(&to.as_str()))
    }

    fn terminals(seen: &Observation) -> Outcome {
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

    fn shm(seen: &Observation) -> Outcome {
        let shm = seen.shm.as_ref();
        let holds = is_new(shm, "tmpfs") && shm.is_some_and(|shm| shm.mode == 0o1777);
        outcome(SHM, seen, holds, "a tmpfs with mode 1777", in_words(shm))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(full: &Observation, empty: &Observation, file: &Observation) -> Option<&'static Mistake> {
        if ![full, empty, file].iter().all(|seen| seen.alive) {
            return None;
        }
        let both = |holds: &dyn Fn(&Observation) -> bool| holds(full) && holds(empty);
        let is_there = |seen: &Observation, wanted: fn(&Entry) -> bool| {
            NUMBERS.iter().any(|(name, ..)| seen.entries.get(*name).is_some_and(wanted))
        };
        let is_device = |entry: &Entry| matches!(entry, Entry::Device { .. });
        let own = |seen: &Observation| is_new(seen.dev.as_ref(), "tmpfs");
        // What the kernel said is in the error, as nix or std word it.
        let refused_with = |seen: &Observation, words: [&str; 2]| matches!(&seen.reply, Reply::Error(chain) if chain.iter().any(|said| words.iter().any(|word| said.contains(word))));
        // Places that nothing is mounted on yet: which of several was refused, nobody can see.
        let bare = |place: &Option<Mounted>| place.as_ref().is_some_and(|place| place.kind.is_none());
        if both(&|seen| {
            own(seen) && bare(&seen.pts) && !bare(&seen.shm) && refused_with(seen, ["EINVAL", "os error 22)"])
        }) {
            return Some(&OPTIONS_OF_DEVPTS);
        }
        if both(&|seen| own(seen) && !is_there(seen, |_| true)) {
            return match () {
                () if both(&|seen| refused_with(seen, ["EPERM", "os error 1)"])) => Some(&MKNOD),
                () if both(&|seen| refused_with(seen, ["ENOENT", "os error 2)"])) => Some(&NO_PLACE),
                () => None,
            };
        }
        if !both(&|seen| seen.reply == Reply::Ok) {
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
            () if file.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if file.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
