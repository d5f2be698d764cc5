//! Exercise 4.3b: what was deleted, from the layers below.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.3b",
    name: "deleted_secret",
    title: "what was deleted, from the layers below",
    kind: Kind::Break,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "04-unionfs",
    page: "04-unionfs/whiteouts.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Each layer is a directory, and you may read all of them. In the topmost one there is a whiteout \
         in the file's place, or in its directory's, or nothing at all. What is in the ones below?",
        "Take the layers from the top, and the first that has a regular file there. \
         Path::join with a path that begins with / gives that path, and not one in the layer. \
         fs::symlink_metadata says what is there, of a whiteout as well.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    THE_HOSTS = Mistake::new("the-hosts",
        "What was read is the host's file.",
        "Path::join with an absolute path gives that path: the layer in front of it is forgotten. \
         strip_prefix(\"/\") makes it one in the layer.");
    READ_THE_WHITEOUT = Mistake::new("read-the-whiteout",
        "The whiteout was opened: a device with the number 0:0, which no driver serves (ENXIO; or EACCES, where devices aren't opened).",
        "It says that nothing is here. The file is in one of the layers below: what is no regular file has to \
         be passed over.");
    TOO_OLD = Mistake::new("too-old",
        "Of two layers that have the file, the lowest one's was taken.",
        "What was deleted is what was seen before: the topmost one under the whiteout. The layers come with \
         the lowest first.");
    NOTHING_FOUND = Mistake::new("nothing-found",
        "No layer has the file, and the function returned Ok.",
        "Its caller takes what it got for the file's content. Say that there is none: bail!(…).");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! What was found, and whether it is what the layers have.

    use std::fs;
    use std::path::Path;

    use anyhow::Result;
    use checker::view::{new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, until_hopeless};
    use lab::Lab;
    use nix::errno::Errno;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        File,
        Parent,
        Opaque,
        Twice,
        Never,
    }

    impl Case {
        const ALL: [Case; 5] = [Case::File, Case::Parent, Case::Opaque, Case::Twice, Case::Never];
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        wanted: String,
        lowest: String,
        found: Option<String>,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let how = match case {
            Case::File => "file",
            Case::Parent => "parent",
            Case::Opaque => "opaque",
            Case::Twice => "twice",
            Case::Never => "never",
        };
        let mut running = program.start(Lab::new(), &[word(&place), how])?;
        let main = running.main();
        let inside = place.strip_prefix("/").unwrap_or(Path::new(""));
        let of = |layer: &str| {
            let file = path_of(main, place.join(layer).join(inside).join("secret/key"));
            fs::read_to_string(file).unwrap_or_default()
        };
        let lowest = of("0");
        let wanted = if case == Case::Twice { of("1") } else { lowest.clone() };

        let reply = running.go_on()?;

        let found = fs::read_to_string(path_of(main, place.join("recovered"))).ok();
        Ok(Observation { case, wanted, lowest, found, run: Run::end(running, reply) })
    }

    const FILE: &str = "a file that a whiteout deletes is recovered";
    const PARENT: &str = "so is one whose directory was deleted, or made anew";
    const TWICE: &str = "of several it is the one that was seen last";
    const NEVER: &str = "a file that no layer has is an error that says so";

    fn judge(runs: &[Observation]) -> Judgement {
        let last = &runs[runs.len() - 1];
        let of = |case| runs.iter().find(|seen| seen.case == case).unwrap_or(last);
        let outcomes = vec![
            recovered(FILE, of(Case::File)),
            Outcome::first_failing(&[of(Case::Parent).clone(), of(Case::Opaque).clone()], |seen| {
                recovered(PARENT, seen)
            }),
            recovered(TWICE, of(Case::Twice)),
            last.run.refused(NEVER, last.case == Case::Never, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), runs[..runs.len().min(4)].iter().map(|seen| &seen.run.printed))
    }

    impl Observation {
        fn is_right(&self) -> bool {
            self.run.alive && self.run.reply == Reply::Ok && self.found.as_ref() == Some(&self.wanted)
        }
    }

    fn recovered(claim: &'static str, seen: &Observation) -> Outcome {
        let observed = seen.found.as_ref().map_or("nothing".into(), |found| format!("\"{found}\""));
        seen.run.outcome(claim, seen.is_right(), &format!("\"{}\", as the layer has it", seen.wanted), observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [file, parent, opaque, twice, never] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        match () {
            () if file.found.as_deref() == Some("the host's") => Some(&THE_HOSTS),
            () if [Errno::ENXIO, Errno::EACCES].iter().any(|errno| file.run.reply.has_errno(*errno)) => {
                Some(&READ_THE_WHITEOUT)
            }
            () if ![file, parent, opaque].iter().all(|seen| seen.is_right()) => None,
            () if twice.found.as_ref() == Some(&twice.lowest) => Some(&TOO_OLD),
            () if !twice.is_right() => None,
            () if never.run.reply == Reply::Ok => Some(&NOTHING_FOUND),
            () if never.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
