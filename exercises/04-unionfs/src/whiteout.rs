//! Exercise 4.3a: "there is nothing here".

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.3a",
    name: "whiteout",
    title: "\"there is nothing here\"",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "04-unionfs",
    page: "04-unionfs/whiteouts.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Three kinds of names come: .wh..wh..opq, .wh. and something, and all others. The first of them \
         begins like the second. What would .wh.. and .wh... delete?",
        "A whiteout is a character device with the number 0:0, and is called as what it deletes: mknod(2). \
         An opaque directory has the attribute user.overlay.opaque, with the value y. mknod says EEXIST \
         where a file is; which of the two is the layer's?",
        "nix::sys::stat::mknod(&path, SFlag::S_IFCHR, Mode::empty(), 0). A name is bytes: \
         marker.as_bytes().strip_prefix(b\".wh.\") and OsStr::from_bytes, both with \
         std::os::unix::ffi::OsStrExt. given::set_attribute makes the attribute.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OPAQUE_AS_A_FILE = Mistake::new("opaque-as-a-file",
        "The marker of an opaque directory became the whiteout of a file called .wh..opq.",
        "Its name begins as that of every whiteout: whoever looks for those first never comes to it. The \
         longer name has to be looked for first.");
    AN_EMPTY_FILE = Mistake::new("an-empty-file",
        "The layer has a file of the marker's name now, or an empty one of the deleted one's.",
        "In an archive a whiteout is an empty file, and its name tells. overlayfs takes that for what it \
         is, a file. On the disk it wants a character device with the number 0:0.");
    DELETED_IT_HERE = Mistake::new("deleted-it-here",
        "A file that the layer itself has brought is gone.",
        "The whiteout is about the layers below. A layer may delete key and bring another key, in either \
         order: the file wins. (Removing it from the layer would delete nothing below, either.)");
    LEADS_OUT = Mistake::new("leads-out",
        ".wh.., .wh... or .wh. was taken.",
        "Behind .wh. stands . or .., or nothing: that would delete the directory itself, or the one above. \
         No honest archive has it, and who goes on makes what the archive wants where it wants.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The directory isn't there, and the function returned Ok.",
        "What the layer deletes comes back.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! What was made in the layer's directory.

    use anyhow::Result;
    use checker::view::{new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;

    use crate::tree::{Tree, first_difference, is_opaque, tree};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// `.wh.NAME`
        File,
        Opaque,
        /// A name that means nothing.
        Other,
        /// The layer has the file that the marker deletes.
        Both,
        /// `.wh...`, `.wh..` and `.wh.`
        Up,
        Here,
        Nothing,
        /// There is no such directory.
        Gone,
    }

    impl Case {
        const ALL: [Case; 8] =
            [Case::File, Case::Opaque, Case::Other, Case::Both, Case::Up, Case::Here, Case::Nothing, Case::Gone];
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// The deleted file's name, which no answer can know.
        name: String,
        marker: String,
        before: Tree,
        after: Tree,
        opaque: bool,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let name = format!("key-{}", random::within(0..1_000_000));
        let marker = match case {
            Case::File | Case::Gone => format!(".wh.{name}"),
            Case::Opaque => ".wh..wh..opq".into(),
            Case::Other => format!("{name}.wh."),
            Case::Both => ".wh.kept".into(),
            Case::Up => ".wh...".into(),
            Case::Here => ".wh..".into(),
            Case::Nothing => ".wh.".into(),
        };
        let mut arguments = vec![word(&place), &marker];
        arguments.extend((case == Case::Gone).then_some("gone"));
        let mut running = program.start(Lab::new(), &arguments)?;
        let at = path_of(running.main(), &place);
        let before = tree(&at);

        let reply = running.go_on()?;

        let (after, opaque) = (tree(&at), is_opaque(&at.join("srv")));
        Ok(Observation { case, name, marker, before, after, opaque, run: Run::end(running, reply) })
    }

    const FILE: &str = "a deleted file becomes a character device 0:0 of its name, and the marker was one";
    const OPAQUE: &str = "a deleted directory's content: the directory is opaque, and the marker was one";
    const OTHER: &str = "any other name is left alone, and was none";
    const BOTH: &str = "a file that the layer has brought itself stays";
    const ESCAPES: &str = "a marker that would delete .., or nothing, is an error, and nothing is made";
    const GONE: &str = "a directory that isn't there is an error that says what was refused";

    impl Observation {
        fn was_one(&self) -> bool {
            self.run.alive && self.run.reply == Reply::Number(1)
        }

        fn difference(&self) -> Option<String> {
            let (path, _, is) = first_difference(&self.before, &self.after)?;
            Some(format!("{} is {is} now", path.display()))
        }

        /// `for .wh.x: srv/x is a device 0:0 now; the function returned 1`
        fn in_words(&self) -> String {
            let observed = match (self.difference(), self.opaque) {
                (Some(difference), _) => difference,
                (None, true) => "srv is opaque".into(),
                (None, false) => "nothing was made".into(),
            };
            let said = match self.run.reply {
                Reply::Number(1) => "the function returned true".into(),
                Reply::Number(_) => "the function returned false".into(),
                _ => self.run.reply.in_words(),
            };
            let observed = if self.run.alive { format!("{observed}; {said}") } else { said };
            format!("for {}: {observed}", self.marker)
        }

        fn made_the_whiteout(&self) -> bool {
            let mut wanted = self.before.clone();
            wanted.insert(format!("srv/{}", self.name).into(), "a device 0:0".into());
            self.after == wanted
        }

        fn made_nothing(&self) -> bool {
            self.after == self.before && !self.opaque
        }

        fn is_right(&self) -> bool {
            let error = matches!(self.run.reply, Reply::Error(_));
            self.run.alive
                && match self.case {
                    Case::File => self.was_one() && self.made_the_whiteout() && !self.opaque,
                    Case::Opaque => self.was_one() && self.after == self.before && self.opaque,
                    Case::Other => self.run.reply == Reply::Number(0) && self.made_nothing(),
                    Case::Both => self.was_one() && self.made_nothing(),
                    Case::Up | Case::Here | Case::Nothing => error && self.made_nothing(),
                    Case::Gone => error && !self.run.reply.is_bare_error() && self.made_nothing(),
                }
        }

        fn expected(&self) -> String {
            match self.case {
                Case::File => format!("srv/{} is a device 0:0, and true", self.name),
                Case::Opaque => "srv has user.overlay.opaque=y, and true".into(),
                Case::Other => "nothing, and false".into(),
                Case::Both => "srv/kept as it was, and true".into(),
                _ => "an error with a context, and nothing is made".into(),
            }
        }
    }

    fn judge(runs: &[Observation]) -> Judgement {
        let claim = |claim: &'static str, cases: &[Case]| {
            let mut of: Vec<Observation> = runs.iter().filter(|seen| cases.contains(&seen.case)).cloned().collect();
            // It never came to that: what came of the last run is what there is to say.
            let came = !of.is_empty();
            of.extend(runs.last().filter(|_| !came).cloned());
            Outcome::first_failing(&of, |seen| {
                Outcome::new(claim, came && seen.is_right(), seen.expected(), seen.in_words())
            })
        };
        let outcomes = vec![
            claim(FILE, &[Case::File]),
            claim(OPAQUE, &[Case::Opaque]),
            claim(OTHER, &[Case::Other]),
            claim(BOTH, &[Case::Both]),
            claim(ESCAPES, &[Case::Up, Case::Here, Case::Nothing]),
            claim(GONE, &[Case::Gone]),
        ];
        Judgement::new(outcomes, mistake(runs), runs[..runs.len().min(4)].iter().map(|seen| &seen.run.printed))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [file, opaque, other, both, strange @ .., gone] = runs else { return None };
        if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let made = |seen: &Observation, path: &str, what: &str| {
            seen.after.get(std::path::Path::new(path)).is_some_and(|is| is == what)
        };
        let empty = "an empty file";
        match () {
            () if made(file, &format!("srv/{}", file.name), empty) => Some(&AN_EMPTY_FILE),
            () if made(file, &format!("srv/{}", file.marker), empty) => Some(&AN_EMPTY_FILE),
            () if made(opaque, "srv/.wh..opq", "a device 0:0") => Some(&OPAQUE_AS_A_FILE),
            () if ![file, opaque, other].iter().all(|seen| seen.is_right()) => None,
            () if both.was_one() && !made(both, "srv/kept", &both.before["srv/kept".as_ref() as &std::path::Path]) => {
                Some(&DELETED_IT_HERE)
            }
            () if !both.is_right() => None,
            // The kernel refuses most of them: what counts is that one was taken.
            () if strange.iter().any(|seen| matches!(seen.run.reply, Reply::Number(_))) => Some(&LEADS_OUT),
            () if matches!(gone.run.reply, Reply::Number(_)) => Some(&SWALLOWED_THE_ERROR),
            () if gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
