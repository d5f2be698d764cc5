//! Exercise 2.3: out of a chroot.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "2.3",
    name: "chroot_escape",
    title: "out of a chroot",
    kind: Kind::Break,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "02-rootfs",
    page: "02-rootfs/chroot.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "`..` stops at the process's root, if the way up comes by there, and nowhere else. You are \
         root: you may set the root yourself. Where would you have to stand, and where would the \
         root have to be, so that it isn't on your way?",
        "chroot(2) \"does not change the current working directory\": after it you still stand \
         where you stood. So make a directory, and make that the root, and don't go into it. Now you \
         are outside. What is left is the way up, and one more call, or only relative paths lead \
         out.",
        "Four steps, with std::fs::create_dir and nix::unistd's chroot and chdir: a directory; chroot \
         into it; chdir(\"..\") until it goes no further (a directory whose .. is itself, by dev() and \
         ino() of std::os::unix::fs::MetadataExt, is the top); chroot(\".\").",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    STOPPED_AT_THE_ROOT = Mistake::new("stopped-at-the-root",
        "You are where you were: `..` at the root is the root.",
        "The kernel compares each step up with the process's root, and stops there. Only there: \
         whoever stands where the root isn't on the way up walks past it. How do you get to stand \
         above your own root?");
    DEEPER = Mistake::new("deeper",
        "You are one chroot deeper.",
        "You made a directory the root, and went into it: now it is on your way up, as the first one \
         was. chroot(2) itself doesn't move you, and that is what you need.");
    NEVER_WENT_UP = Mistake::new("never-went-up",
        "The root is a directory below you, so you are outside of it; and you stay where you are.",
        "Nothing stops `..` any more. Go up.");
    ROOT_STAYED = Mistake::new("root-stayed",
        "You are out with your working directory only; the root is still a directory in the chroot.",
        "A relative path finds the host's files, one that begins with / doesn't, and whatever you \
         start next will use those. One more call makes the place where you stand the root.");
    NOT_HIGH_ENOUGH = Mistake::new("not-high-enough",
        "It works out of a chroot that is few directories deep; out of a deep one you got half-way.",
        "How deep it is nobody in there can know. Go up until it goes no further: at the top `..` \
         is the directory itself. (Or so often that no path is that long.)");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "It couldn't get out, and the function returned Ok.",
        "An attack that believes that it is out, is only half one.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! Where the program's root and working directory are.

    use std::fs;
    use std::path::PathBuf;

    use anyhow::{Context, Result};
    use checker::{Judgement, Outcome, Program, Reply, random};
    use lab::{Lab, observe};

    use checker::view::{identity, new_place, path_of, unless_failed, word};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let shallow = observe(program, random::within(1..5), "open")?;
        if !shallow.alive || matches!(shallow.reply, Reply::Silence(_)) {
            return Ok(judge(&shallow, &shallow, &shallow));
        }
        // As many as no answer can guess, and more than one would write down.
        let deep = observe(program, random::within(150..250), "open")?;
        let closed = observe(program, 2, "closed")?;
        Ok(judge(&shallow, &deep, &closed))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Place {
        /// The host's /.
        Host,
        /// Above the chroot, and below the host's /.
        OnTheWay,
        /// The directory that the program was locked up in.
        Chroot,
        /// A directory in it.
        Inside,
        Elsewhere,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Whether the program still ran when we looked; if not, nothing below is true.
        alive: bool,
        root: Place,
        directory: Place,
        /// Whether the program's own path to the host's secret leads there.
        secret: bool,
        printed: String,
    }

    /// `depth`: how many directories below the secret's. `kind`: `open`, or `closed`: nothing can
    /// be made in the chroot.
    fn observe(program: &Program, depth: u32, kind: &str) -> Result<Observation> {
        let place = new_place();
        let mut running = program.start(Lab::new(), &[word(&place), &depth.to_string(), kind])?;
        let (init, main) = (running.init(), running.main());
        let host = identity(path_of(init, "/")).context("the lab's own root")?;
        let chroot = identity(path_of(main, "/")).context("the program's root")?;

        let reply = running.go_on()?;

        let where_is = |link: &str| place_of(PathBuf::from(format!("/proc/{main}/{link}")), host, chroot);
        let (root, directory) = (where_is("root"), where_is("cwd"));
        let secret = fs::read(path_of(main, place.join("secret"))).is_ok_and(|text| text == word(&place).as_bytes());
        Ok(Observation { reply, alive: observe::process_exists(main), root, directory, secret, printed: running.end() })
    }

    /// `..` in such a path isn't stopped by the program's root, but by ours.
    fn place_of(mut directory: PathBuf, host: (u64, u64), chroot: (u64, u64)) -> Place {
        let mut steps = 0;
        let mut came_by = false;
        while let Some(here) = identity(&directory) {
            match () {
                () if here == chroot && steps == 0 => return Place::Chroot,
                () if here == chroot => came_by = true,
                () if here == host && steps == 0 => return Place::Host,
                () if here == host => return if came_by { Place::Inside } else { Place::OnTheWay },
                () if steps > 1000 => break,
                () => {}
            }
            directory.push("..");
            steps += 1;
        }
        Place::Elsewhere
    }

    impl Observation {
        fn is_out(&self) -> bool {
            self.root == Place::Host && self.secret
        }
    }

    const OUT: &str = "the process's root is the host's, and a secret of the host's can be read";
    const DEEP: &str = "so it is where the chroot is many directories deep";
    const TOLD: &str = "where nothing can be made in it, it gets out otherwise, or returns an error";

    /// `closed`: a chroot in which nothing can be made.
    fn judge(shallow: &Observation, deep: &Observation, closed: &Observation) -> Judgement {
        let outcomes = vec![out(OUT, shallow), out(DEEP, deep), report(closed)];
        Judgement::new(outcomes, mistake(shallow, deep, closed), [&shallow.printed, &deep.printed])
    }

    fn in_words(place: Place) -> &'static str {
        match place {
            Place::Host => "the host's /",
            Place::OnTheWay => "a directory above the chroot, but not the top",
            Place::Chroot => "the chroot, as before",
            Place::Inside => "a directory in the chroot",
            Place::Elsewhere => "another directory",
        }
    }

    fn where_it_is(seen: &Observation) -> String {
        let text =
            format!("the root is {}, and the working directory is {}", in_words(seen.root), in_words(seen.directory));
        unless_failed(&seen.reply, seen.alive, text)
    }

    fn out(claim: &'static str, seen: &Observation) -> Outcome {
        let holds = seen.alive && seen.reply == Reply::Ok && seen.is_out();
        Outcome::new(claim, holds, "/proc/PID/root is the host's /", where_it_is(seen))
    }

    fn report(seen: &Observation) -> Outcome {
        let error = matches!(seen.reply, Reply::Error(_)) && !seen.reply.is_bare_error();
        let holds = seen.alive && (error || seen.reply == Reply::Ok && seen.is_out());
        Outcome::new(TOLD, holds, "an error with a context, or the host's /", where_it_is(seen))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(shallow: &Observation, deep: &Observation, closed: &Observation) -> Option<&'static Mistake> {
        if ![shallow, deep, closed].iter().all(|seen| seen.alive) || shallow.reply != Reply::Ok {
            return None;
        }
        if !shallow.is_out() {
            return match (shallow.root, shallow.directory) {
                (Place::Chroot, Place::Chroot) => Some(&STOPPED_AT_THE_ROOT),
                (Place::Inside, Place::Inside) => Some(&DEEPER),
                (Place::Inside, Place::Chroot) => Some(&NEVER_WENT_UP),
                (Place::Inside | Place::Chroot, Place::Host | Place::OnTheWay) => Some(&ROOT_STAYED),
                _ => None,
            };
        }
        match () {
            () if deep.reply == Reply::Ok && deep.root == Place::OnTheWay => Some(&NOT_HIGH_ENOUGH),
            () if deep.reply != Reply::Ok || !deep.is_out() => None,
            () if closed.reply == Reply::Ok && !closed.is_out() => Some(&SWALLOWED_THE_ERROR),
            () if closed.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
