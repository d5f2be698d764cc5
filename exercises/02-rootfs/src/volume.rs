//! Exercise 2.6b: the mount that went elsewhere.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "2.6b",
    name: "volume",
    title: "the mount that went elsewhere",
    kind: Kind::Repair,
    minutes: 50,
    difficulty: Difficulty::Hard,
    chapter: "02-rootfs",
    page: "02-rootfs/volumes.md",
    shown_by: "run -v ./book:/book sh -c 'ls /book'",
    needs_cgroups: false,
    hints: &[
        "What `cargo wb check 2.6b` shows under \"observed\" are mount points, as the kernel lists \
         them: where the volume went. Which targets go astray, and what do they have in common? \
         (`ls -l` in the image would show it.)",
        "A descriptor of a directory says where a lookup begins. It doesn't say where it ends: a link \
         to /data is one to the host's /data, and .. goes up from wherever it stands. To look at \
         each component before it is used won't do either: it may be exchanged in between. The \
         kernel can be told, for one lookup, that a directory is /.",
        "openat2(2) takes a struct with flags as openat's, and with RESOLVE_… flags. nix::fcntl \
         has openat2, OpenHow::new().flags(…).resolve(…), and ResolveFlag. RESOLVE_BENEATH refuses \
         what leads out; RESOLVE_IN_ROOT takes it as it is meant inside. Both lookups of the \
         function are made by open_in.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    FOLLOWS_LINKS = Mistake::new("follows-links",
        "Where the image has a link, the volume goes to a directory of the host's.",
        "The kernel follows links as they are meant outside: an absolute one begins at the \
         process's root, which still is the host's, and .. goes up past the image. Where the lookup \
         began, at a path or at a descriptor, makes no difference to a link on its way. To this \
         lookup the image has to be /.");
    ONLY_THE_LAST = Mistake::new("only-the-last",
        "A link at the end of the path is harmless now; one in the middle still leads out.",
        "Every component may be a link, and O_NOFOLLOW, or a look at the whole path, is about the \
         last one only. (And who looks first and opens then, opens something else if it was \
         exchanged in between: CVE-2021-30465.)");
    DOTS_LEAD_OUT = Mistake::new("dots-lead-out",
        "Links are harmless now; `..` in the target itself leads out.",
        "A target is a stranger's word, too. At / there is nothing above, and so `..` has to end \
         at the image's root.");
    MADE_OUTSIDE = Mistake::new("made-outside",
        "No mount went astray, but a directory was made on the host, outside of the image.",
        "What is missing is made by a path, and on that path is a link. The directory in which it is \
         made has to be looked up in the image as well (mkdirat takes it as a descriptor).");
    REFUSES_LINKS = Mistake::new("refuses-links",
        "Nothing leads out any more, and a target with a link in it is refused.",
        "Many images have /var/run as a link to /run: absolute, and harmless, if it is taken as \
         the container takes it, for which the image's root is /. openat2(2) has a flag that \
         refuses, and one that does this.");
    NEVER_MADE = Mistake::new("never-made",
        "A target that is missing isn't made any more.",
        "`-v /data:/data` should work with an image that has never heard of /data: a last \
         component that is missing is made, as a directory, in the image.");
    INHERITED = Mistake::new("inherited",
        "The volume goes where it should, and whoever is started next inherits the open \
         descriptor.",
        "An open directory is a way to it and, by .., to all that is above: CVE-2024-21626 was such a \
         one. O_CLOEXEC closes it when this process becomes the command.");
    SWALLOWED_THE_ERROR = Mistake::new("swallowed-the-error",
        "A target below a file can't be, and the function returned Ok.",
        "What it returned is something else, and the volume is mounted there. Return the error: \
         `?` does that.");
    BARE_ERRNO = Mistake { why:
        "\"Not a directory\" is no help to whoever typed three volumes. Say which target it was: \
         .with_context(|| format!(…))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! Where the mount went.

    use std::fs;
    use std::path::{Path, PathBuf};

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::observe::mountinfo;
    use lab::{Lab, observe};

    use checker::view::{identity, inherited, list, new_place, path_of, unless_failed, word};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let mut runs = Vec::new();
        for case in Case::ALL {
            let seen = observe(program, case)?;
            let hopeless = !seen.alive || matches!(seen.reply, Reply::Silence(_));
            runs.push(seen);
            if hopeless {
                break;
            }
        }
        Ok(judge(&runs))
    }

    /// A target, as `given` makes the image for it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// /srv/data, a directory.
        Directory,
        /// /srv/new, which is missing.
        Missing,
        /// A link to an absolute path is the last component.
        Absolute,
        /// A link with many `..` is.
        Dots,
        /// A link to an absolute path is in the middle.
        Middle,
        /// And the last component is missing.
        MissingInMiddle,
        /// The target itself has many `..`.
        OwnDots,
        /// Below a file.
        BelowFile,
        /// A link to what only the host has.
        Nowhere,
    }

    impl Case {
        const ALL: [Case; 9] = [
            Case::Directory,
            Case::Missing,
            Case::Absolute,
            Case::Dots,
            Case::Middle,
            Case::MissingInMiddle,
            Case::OwnDots,
            Case::BelowFile,
            Case::Nowhere,
        ];

        fn target(self, place: &Path) -> PathBuf {
            match self {
                Case::Directory => "/srv/data".into(),
                Case::Missing => "/srv/new".into(),
                Case::Absolute => "/absolute".into(),
                Case::Dots => "/srv/dots".into(),
                Case::Middle => "/middle/outside".into(),
                Case::MissingInMiddle => "/middle/new".into(),
                Case::OwnDots => Path::new("/../../../../..").join(within(place, "outside")),
                Case::BelowFile => "/srv/file/new".into(),
                Case::Nowhere => "/nowhere".into(),
            }
        }

        /// Where it is in the image; `None`: nowhere.
        fn meant(self, place: &Path) -> Option<PathBuf> {
            Some(match self {
                Case::Directory => "srv/data".into(),
                Case::Missing => "srv/new".into(),
                Case::Absolute | Case::Dots | Case::Middle | Case::OwnDots => within(place, "outside"),
                Case::MissingInMiddle => within(place, "new"),
                Case::BelowFile | Case::Nowhere => return None,
            })
        }
    }

    /// The image has, below, what the host has.
    fn within(place: &Path, name: &str) -> PathBuf {
        place.strip_prefix("/").unwrap_or(place).join(name)
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        /// What was asked for.
        target: PathBuf,
        /// Where it should go.
        meant: Option<PathBuf>,
        reply: Reply,
        /// Whether the program still ran when we looked; if not, nothing below is true.
        alive: bool,
        image: PathBuf,
        /// The mount point of the volume, on the host.
        went: Option<PathBuf>,
        /// Whether something was made on the host, outside of the image.
        made_outside: bool,
        /// Open descriptors that a command would inherit, by the files they are of.
        leaks: Vec<String>,
        printed: String,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let target = case.target(&place);
        let mut running = program.start(Lab::new(), &[word(&place), word(&target)])?;
        let (host, main) = (running.init(), running.main());
        let outside = || names_below(&path_of(host, &place), &["image"]);
        let before = outside();
        // Who starts a check may have left some open.
        let given = inherited(main);
        let volume = identity(path_of(main, place.join("volume")));

        let reply = running.go_on()?;

        let image = place.join("image");
        // Observation from outside, a mount point is what is mounted there.
        let is_volume = |point: &PathBuf| volume.is_some() && identity(path_of(main, point)) == volume;
        let points = mountinfo(main).unwrap_or_default().into_iter().map(|mount| mount.mount_point);
        let went = points.filter(|point| *point != place.join("volume")).find(is_volume);
        let made_outside = outside() != before;
        let leaks = inherited(main).into_iter().filter(|(number, _)| !given.contains_key(number));
        let leaks = leaks.map(|(_, file)| file).collect();
        let meant = case.meant(&place).map(|meant| image.join(meant));
        let alive = observe::process_exists(main);
        Ok(Observation {
            case,
            target,
            meant,
            reply,
            alive,
            image,
            went,
            made_outside: alive && made_outside,
            leaks,
            printed: running.end(),
        })
    }

    /// All paths below a directory, without what is in those that are called so.
    fn names_below(directory: &Path, without: &[&str]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if without.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.extend(names_below(&entry.path(), without));
            }
            found.push(entry.path());
        }
        found.sort();
        found
    }

    impl Observation {
        fn is_outside(&self) -> bool {
            self.went.as_ref().is_some_and(|point| !point.starts_with(&self.image))
        }

        fn is_right(&self) -> bool {
            self.alive && self.reply == Reply::Ok && self.went.is_some() && self.went == self.meant
        }
    }

    const PLAIN: &str = "a target that is there gets the volume; one that is missing is made";
    const LAST: &str = "a link is taken as the image's: an absolute one, and one with ..";
    const MIDDLE: &str = "so is one in the middle of the path, and what is missing is made there";
    const DOTS: &str = ".. in the target itself ends at the image's root";
    const OUTSIDE: &str = "whatever the target, all that is mounted or made is inside the image";
    const CLOSED: &str = "what is opened for it is closed by an exec";
    const REFUSED: &str = "a target that isn't in the image, and can't be made there, is an error that says so";

    /// One run for each case; only the first, if that ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let outcomes = vec![
            goes_right(PLAIN, runs, &[Case::Directory, Case::Missing]),
            goes_right(LAST, runs, &[Case::Absolute, Case::Dots]),
            goes_right(MIDDLE, runs, &[Case::Middle, Case::MissingInMiddle]),
            goes_right(DOTS, runs, &[Case::OwnDots]),
            Outcome::first_failing(runs, inside),
            closed(runs),
            refused(runs),
        ];
        // Not of those that are refused: that the answer says so is right.
        let printed = runs.iter().filter(|seen| seen.meant.is_some()).map(|seen| &seen.printed);
        Judgement::new(outcomes, mistake(runs), printed)
    }

    fn of<'a>(runs: &'a [Observation], cases: &'a [Case]) -> Vec<Observation> {
        let chosen: Vec<Observation> = runs.iter().filter(|seen| cases.contains(&seen.case)).cloned().collect();
        // It never came to that: what came of the last run is what there is to say.
        if chosen.is_empty() { runs.last().cloned().into_iter().collect() } else { chosen }
    }

    /// `/srv/data went to …`
    fn where_it_went(seen: &Observation) -> String {
        let target = seen.target.display();
        let went = match &seen.went {
            Some(point) if seen.is_outside() => format!("{target} went to the host's {}", point.display()),
            Some(point) => format!("{target} went to {}", point.display()),
            None => format!("{target}: nothing was mounted"),
        };
        if seen.alive && matches!(seen.reply, Reply::Error(_)) {
            return format!("{target}: {}", seen.reply.in_words());
        }
        unless_failed(&seen.reply, seen.alive, went)
    }

    fn goes_right(claim: &'static str, runs: &[Observation], cases: &[Case]) -> Outcome {
        Outcome::first_failing(&of(runs, cases), |seen| {
            let meant = seen.meant.as_ref().map_or("the image".into(), |meant| meant.display().to_string());
            Outcome::new(
                claim,
                seen.is_right(),
                format!("{} goes to {meant}", seen.target.display()),
                where_it_went(seen),
            )
        })
    }

    fn inside(seen: &Observation) -> Outcome {
        let holds = seen.alive && !seen.is_outside() && !seen.made_outside;
        let observed = if seen.made_outside {
            format!("for {} something was made on the host", seen.target.display())
        } else {
            where_it_went(seen)
        };
        Outcome::new(OUTSIDE, holds, "the host's directories, as they were", observed)
    }

    fn closed(runs: &[Observation]) -> Outcome {
        Outcome::first_failing(&of(runs, &[Case::Directory]), |seen| {
            let holds = seen.alive && seen.reply == Reply::Ok && seen.leaks.is_empty();
            let observed = unless_failed(&seen.reply, seen.alive, format!("a command would get {}", list(&seen.leaks)));
            Outcome::new(CLOSED, holds, "each descriptor above 2 is close-on-exec", observed)
        })
    }

    fn refused(runs: &[Observation]) -> Outcome {
        Outcome::first_failing(&of(runs, &[Case::BelowFile, Case::Nowhere]), |seen| {
            let told = matches!(seen.reply, Reply::Error(_)) && !seen.reply.is_bare_error();
            // Who makes, in the image, what the link leads to, has done no harm.
            let made =
                seen.case == Case::Nowhere && seen.reply == Reply::Ok && seen.went.is_some() && !seen.is_outside();
            let expected = format!("an error with a context, for {}", seen.target.display());
            Outcome::new(REFUSED, seen.alive && (told || made), expected, where_it_went(seen))
        })
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.alive) {
            return None;
        }
        let all = |cases: &[Case], holds: fn(&Observation) -> bool| of(runs, cases).iter().all(holds);
        let links = [Case::Absolute, Case::Dots, Case::Middle];
        let out: Vec<Case> = runs.iter().filter(|seen| seen.is_outside()).map(|seen| seen.case).collect();
        let error = |seen: &Observation| matches!(seen.reply, Reply::Error(_));
        match () {
            () if all(&links, Observation::is_outside) => Some(&FOLLOWS_LINKS),
            () if out.contains(&Case::Middle) && !out.contains(&Case::Absolute) => Some(&ONLY_THE_LAST),
            () if !out.is_empty() && out.iter().all(|case| *case == Case::OwnDots) => Some(&DOTS_LEAD_OUT),
            () if !out.is_empty() => None,
            () if runs.iter().any(|seen| seen.made_outside) => Some(&MADE_OUTSIDE),
            () if !all(&[Case::Directory], Observation::is_right) => None,
            () if all(&[Case::Missing], error) => Some(&NEVER_MADE),
            () if !all(&[Case::Missing], Observation::is_right) => None,
            () if all(&[Case::Absolute], error) => Some(&REFUSES_LINKS),
            () if !all(
                &[Case::Absolute, Case::Dots, Case::Middle, Case::MissingInMiddle, Case::OwnDots],
                Observation::is_right,
            ) =>
            {
                None
            }
            () if runs.iter().any(|seen| !seen.leaks.is_empty()) => Some(&INHERITED),
            () if all(&[Case::BelowFile], |seen| seen.reply == Reply::Ok) => Some(&SWALLOWED_THE_ERROR),
            () if all(&[Case::BelowFile], |seen| seen.reply.is_bare_error()) => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
