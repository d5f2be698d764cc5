//! Exercise 2.6a: a volume that is only read.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "2.6a",
    name: "read_only",
    title: "a volume that is only read",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "02-rootfs",
    page: "02-rootfs/volumes.md",
    shown_by: "run -v ./book:/book:ro sh -c 'ls /book; echo x >/book/x'",
    needs_cgroups: false,
    hints: &[
        "mount(2), under \"Creating a bind mount\", says which flags such a call takes, and what \
         becomes of the others. So it takes two calls. Which of them is for the mounts below, and \
         what are their own flags?",
        "The first: MS_BIND, and MS_REC for what is mounted below. The second sets read-only on \
         each of these mounts. With mount(2) that is MS_REMOUNT|MS_BIND|MS_RDONLY, once for each, \
         and it sets all flags anew: one that it doesn't repeat is taken away, or, where it is \
         locked, the answer is EPERM. mount_setattr(2) sets one flag, and leaves the others.",
        "given::mount_setattr(path, flags, attributes): libc::MOUNT_ATTR_RDONLY is the attribute, \
         and the flag for the whole tree is AT_RECURSIVE. On the target, or on the source?",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    FLAG_IGNORED = Mistake::new("flag-ignored",
        "The mount is there, and it can be written to.",
        "In the call that makes a bind mount the kernel looks at MS_BIND and MS_REC, and ignores \
         every other flag, MS_RDONLY too, without an error. The mount gets the flags of its source; \
         to change them takes another call.");
    ONLY_THE_TOP = Mistake::new("only-the-top",
        "The mount itself is read-only, and what is mounted below it can be written to.",
        "Read-only is a flag of one mount, and each mount of the tree has its own. Docker had it \
         so until version 25, and surprised people. There is a call for the whole tree; or each of \
         them, as /proc/self/mountinfo lists them.");
    NOT_BELOW = Mistake::new("not-below",
        "What is mounted below the source isn't shown at the target.",
        "A bind mount shows the one mount that the source is on. Where something is mounted below, \
         one sees the directory that it covers. (In a user namespace the kernel refuses that, EINVAL: \
         what is covered may be meant to be.) A flag takes along all of them.");
    FLAGS_LOST = Mistake::new("flags-lost",
        "A mount that had flags of its own, nosuid, nodev, noexec, loses them.",
        "A remount sets all flags anew: one that isn't repeated is taken away. Where the kernel \
         has locked it, as everything that a user namespace got from outside, that is EPERM; and \
         where not, a set-user-ID program in the volume works again. mount_setattr(2) adds one \
         flag, and leaves the others.");
    THE_SOURCE_TOO = Mistake::new("the-source-too",
        "The target is read-only, and so is the source.",
        "The flag is of the file system as a whole now, or of the mount at the source. MS_REMOUNT \
         without MS_BIND means the file system, and whoever else uses it. Here it shall be one \
         mount's: the one at the target.");
    ON_THE_SOURCE = Mistake::new("on-the-source",
        "It was tried on the source: refused where that is a mere directory or file, and where it is \
         a mount, the source is read-only now.",
        "mount_setattr(2) changes a mount, and gives EINVAL for a path that is none. The mount \
         that you have made is at the target; and the source shall stay as it was.");
    NOT_SHOWN = Mistake::new("nothing-changed",
        "The function returned Ok, and nothing is mounted at the target.",
        "A result that is dropped hides what the kernel refused; and what a child process mounts \
         in a mount namespace of its own is seen there only.");
    SWALLOWED_THE_ERROR = Mistake::new("swallowed-the-error",
        "The source isn't there, and the function returned Ok.",
        "The container starts with an empty directory where its data should be. Return the error: `?` \
         does that.");
    BARE_ERRNO = Mistake { why:
        "\"No such file or directory\" could be the source or the target. Say which call it was, \
         and on which paths: .with_context(|| format!(…))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! What can be written, and where.

    use std::fs::{self, OpenOptions};
    use std::path::Path;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::observe::mountinfo;
    use lab::{Lab, observe};
    use nix::errno::Errno;

    use checker::view::{identity, list, new_place, path_of, refused, unless_failed, word};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let plain = observe(program, "plain")?;
        if !plain.alive || matches!(plain.reply, Reply::Silence(_)) {
            return Ok(judge(&Runs::only(plain)));
        }
        Ok(judge(&Runs {
            plain,
            below: observe(program, "below")?,
            locked: observe(program, "locked")?,
            file: observe(program, "file")?,
            missing: observe(program, "missing")?,
        }))
    }

    /// What came of an attempt to write.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Written {
        Yes,
        /// EROFS: the mount is read-only.
        ReadOnly,
        /// There is no such place, or it is closed for another reason.
        Not(Errno),
    }

    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Whether the program still ran when we looked; if not, nothing below is true.
        alive: bool,
        /// Whether the target shows the source's very file or directory.
        shown: bool,
        /// Whether it shows, below, the very directory that is mounted below the source.
        below_shown: bool,
        target: Written,
        below: Written,
        source: Written,
        /// And the mount below the source.
        source_below: Written,
        /// Of nosuid, nodev and noexec, which the mount below the source has, those that it hasn't
        /// below the target.
        lost: Vec<&'static str>,
        /// Whether something is mounted on the target.
        mounted: bool,
        printed: String,
    }

    /// `kind`: see the program.
    fn observe(program: &Program, kind: &str) -> Result<Observation> {
        let place = new_place();
        let mut running = program.start(Lab::new(), &[word(&place), kind])?;
        let main = running.main();

        let reply = running.go_on()?;

        let (source, target) = (path_of(main, place.join("source")), path_of(main, place.join("target")));
        let table = mountinfo(main).unwrap_or_default();
        let mount = |name: &str| table.iter().rev().find(|mount| mount.mount_point == place.join(name));
        let has =
            |flag: &str| mount("target/below").is_some_and(|mount| mount.options.iter().any(|option| option == flag));
        let same = |name: &str| {
            let source = identity(source.join(name));
            source.is_some() && source == identity(target.join(name))
        };
        let seen = Observation {
            reply,
            alive: true,
            shown: identity(&source).is_some() && identity(&source) == identity(&target),
            below_shown: same("below"),
            target: written(&target),
            below: written(&target.join("below")),
            source: written(&source),
            source_below: written(&source.join("below")),
            lost: ["nosuid", "nodev", "noexec"].into_iter().filter(|flag| !has(flag)).collect(),
            mounted: mount("target").is_some(),
            printed: String::new(),
        };
        let alive = observe::process_exists(main);
        Ok(Observation { alive, printed: running.end(), ..seen })
    }

    /// Tries it: into a file, or with a new file in a directory.
    fn written(place: &Path) -> Written {
        let file = if place.is_dir() { place.join("probe") } else { place.to_path_buf() };
        let result = OpenOptions::new().write(true).create(place.is_dir()).truncate(false).open(&file);
        if place.is_dir() && result.is_ok() {
            let _ = fs::remove_file(&file);
        }
        match result.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or_default())) {
            Ok(_) => Written::Yes,
            Err(Errno::EROFS) => Written::ReadOnly,
            Err(errno) => Written::Not(errno),
        }
    }

    const SHOWN: &str = "the target shows what is at the source, a directory or a file";
    const READ_ONLY: &str = "it can't be written to at the target";
    const BELOW: &str = "what is mounted below the source is there, too, and can't be written to either";
    const SOURCE: &str = "at the source all can be written to as before";
    const FLAGS: &str = "each mount keeps its other flags; so it is where the kernel has locked them";
    const REFUSED: &str = "a source that isn't there is an error that says what was refused";

    #[derive(Debug, Clone)]
    struct Runs {
        /// A directory; a directory with a mount below it; the same in a user namespace in which
        /// their flags are locked; a file; nothing.
        plain: Observation,
        below: Observation,
        locked: Observation,
        file: Observation,
        missing: Observation,
    }

    impl Runs {
        /// For an answer that ended the program, or never returned: it will do so everywhere.
        fn only(seen: Observation) -> Runs {
            let [below, locked, file, missing] = std::array::from_fn(|_| seen.clone());
            Runs { plain: seen, below, locked, file, missing }
        }
    }

    fn judge(runs: &Runs) -> Judgement {
        let Runs { plain, below, locked, file, missing } = runs;
        let outcomes = vec![
            Outcome::first_failing(&[plain.clone(), file.clone(), below.clone()], reported),
            Outcome::first_failing(&[plain.clone(), file.clone(), below.clone()], read_only),
            is_below(below),
            source(plain, below),
            Outcome::first_failing(&[below.clone(), locked.clone()], flags),
            refused(REFUSED, &missing.reply, missing.alive, !missing.mounted, "something is mounted at the target"),
        ];
        Judgement::new(outcomes, mistake(runs), [plain, below, locked, file].map(|seen| &seen.printed))
    }

    fn outcome(claim: &'static str, seen: &Observation, holds: bool, expected: &str, observed: String) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && holds;
        Outcome::new(claim, holds, expected, unless_failed(&seen.reply, seen.alive, observed))
    }

    fn in_words(written: Written) -> String {
        match written {
            Written::Yes => "it was written to".into(),
            Written::ReadOnly => "EROFS, read-only".into(),
            Written::Not(errno) => format!("{errno:?}"),
        }
    }

    fn reported(seen: &Observation) -> Outcome {
        let observed = if seen.shown { "they are" } else { "they aren't" };
        outcome(SHOWN, seen, seen.shown, "both are the same, by device and inode number", observed.into())
    }

    fn read_only(seen: &Observation) -> Outcome {
        let holds = seen.shown && seen.target == Written::ReadOnly;
        outcome(READ_ONLY, seen, holds, "an attempt to write gives EROFS", in_words(seen.target))
    }

    fn is_below(seen: &Observation) -> Outcome {
        let observed = if seen.below_shown { in_words(seen.below) } else { "it isn't there".into() };
        let holds = seen.below_shown && seen.below == Written::ReadOnly;
        outcome(BELOW, seen, holds, "target/below is source/below, and an attempt to write gives EROFS", observed)
    }

    fn source(plain: &Observation, below: &Observation) -> Outcome {
        let first = if plain.source == Written::Yes { below } else { plain };
        let holds = [plain.source, below.source, below.source_below].iter().all(|written| *written == Written::Yes);
        let observed = format!("source: {}; source/below: {}", in_words(first.source), in_words(below.source_below));
        outcome(SOURCE, first, holds, "it was written to", observed)
    }

    fn flags(seen: &Observation) -> Outcome {
        let observed = match () {
            () if !seen.below_shown => "it isn't there".into(),
            () => format!("lost: {}", list(&seen.lost)),
        };
        outcome(
            FLAGS,
            seen,
            seen.below_shown && seen.lost.is_empty(),
            "target/below has nosuid, nodev and noexec, as source/below",
            observed,
        )
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &Runs) -> Option<&'static Mistake> {
        let Runs { plain, below, locked, file, missing } = runs;
        if ![plain, below, locked, file, missing].iter().all(|seen| seen.alive) {
            return None;
        }
        // Where the source happens to be a mount, it is done, and to the wrong one.
        if matches!(plain.reply, Reply::Error(_)) && locked.reply == Reply::Ok && locked.source == Written::ReadOnly {
            return Some(&ON_THE_SOURCE);
        }
        if plain.reply != Reply::Ok {
            return None;
        }
        match () {
            () if !plain.shown && !plain.mounted && plain.target == Written::Yes => Some(&NOT_SHOWN),
            () if !plain.shown => None,
            () if plain.source == Written::ReadOnly && plain.target == Written::ReadOnly => Some(&THE_SOURCE_TOO),
            () if plain.target == Written::Yes => Some(&FLAG_IGNORED),
            () if plain.target != Written::ReadOnly || plain.source != Written::Yes => None,
            () if below.reply == Reply::Ok && !below.below_shown => Some(&NOT_BELOW),
            () if below.reply == Reply::Ok && below.below == Written::Yes => Some(&ONLY_THE_TOP),
            () if !below.lost.is_empty() || matches!(locked.reply, Reply::Error(_)) => Some(&FLAGS_LOST),
            () if file.reply != Reply::Ok || file.target != Written::ReadOnly || locked.reply != Reply::Ok => None,
            () if missing.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if missing.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
