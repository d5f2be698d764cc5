//! Exercise 4.3a: apply whiteouts.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.3a",
    name: "whiteout",
    title: "apply whiteouts",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "04-unionfs",
    page: "04-unionfs/whiteouts.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "There are three kinds of names: .wh..wh..opq, names that begin with .wh., and all others. The \
         first kind begins like the second. What would .wh.. and .wh... delete?",
        "A whiteout is a character device with the number 0:0. Its name is the name that it deletes: \
         mknod(2). An opaque directory has the attribute user.overlay.opaque, with the value y. If mknod \
         returns EEXIST, the layer itself has already added a file with this name. Should it stay?",
        "Use nix::sys::stat::mknod(&path, SFlag::S_IFCHR, Mode::empty(), 0). A name is a sequence of bytes: \
         marker.as_bytes().strip_prefix(b\".wh.\") and OsStr::from_bytes, both with \
         std::os::unix::ffi::OsStrExt. given::set_attribute sets the attribute.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OPAQUE_AS_A_FILE = Mistake::new("opaque-as-a-file",
        "The function took the marker of an opaque directory for the whiteout of a file called .wh..opq.",
        "The marker's name begins with .wh., like every whiteout. Check for the longer name first.");
    AN_EMPTY_FILE = Mistake::new("an-empty-file",
        "The layer now has an empty file with the name of the marker, or of the deleted file.",
        "Only in an archive, a whiteout is an empty file with a special name. For overlayfs this is an \
         ordinary file. overlayfs needs a character device with the number 0:0.");
    DELETED_IT_HERE = Mistake::new("deleted-it-here",
        "A file that the layer itself has added is gone.",
        "A whiteout refers to the layers below. A layer may delete key and add a new key, in either order. \
         The new file must win. (Removing it from this layer wouldn't delete the file below, either.)");
    LEADS_OUT = Mistake::new("leads-out",
        "The function accepted .wh.., .wh... or .wh. as a whiteout.",
        "The name after .wh. is empty, . or .., which would delete the directory itself or its parent. No \
         honest archive contains such a name. With it, an attacker could make files outside of the layer.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The directory doesn't exist, but the function returned Ok.",
        "The deleted file stays visible.");
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

    const FILE: &str = "for a deleted file, there is a character device 0:0 with its name, and the result is true";
    const OPAQUE: &str = "for a directory with deleted content, the directory is opaque, and the result is true";
    const OTHER: &str = "for any other name, nothing is made, and the result is false";
    const BOTH: &str = "a file that the layer itself has added stays";
    const ESCAPES: &str = "for a marker that would delete .. or has no name, there is an error, and nothing is made";
    const GONE: &str = "if the directory doesn't exist, the function returns an error with a context";

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
                Case::File => format!("srv/{} is a device 0:0, and the result is true", self.name),
                Case::Opaque => "srv has user.overlay.opaque=y, and the result is true".into(),
                Case::Other => "nothing is made, and the result is false".into(),
                Case::Both => "srv/kept is unchanged, and the result is true".into(),
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
