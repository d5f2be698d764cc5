//! Exercise 4.3b: read a deleted file from the layers below.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.3b",
    name: "deleted_secret",
    title: "read a deleted file from the layers below",
    kind: Kind::Break,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "04-unionfs",
    page: "04-unionfs/whiteouts.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Each layer is a directory, and you may read all of them. The topmost layer has a whiteout for the \
         file, or for its directory, or an opaque directory without the file. Look into the layers below.",
        "Search the layers from the top, and use the first one with a regular file at this path. \
         Path::join with a path that begins with / returns that path, and not a path in the layer. \
         fs::symlink_metadata returns the file's type, also for a whiteout.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    THE_HOSTS = Mistake::new("the-hosts",
        "The function has read the host's file.",
        "Path::join with an absolute path returns that path, without the layer's directory. \
         Remove the slash with strip_prefix(\"/\") first.");
    READ_THE_WHITEOUT = Mistake::new("read-the-whiteout",
        "The function has opened the whiteout: a device with the number 0:0, which no driver supports (ENXIO; or EACCES on a mount without devices).",
        "A whiteout means that the name is deleted. The file is in one of the layers below. Skip everything \
         that isn't a regular file.");
    TOO_OLD = Mistake::new("too-old",
        "Two layers have the file, and the function has read the lower one.",
        "Before the deletion, the topmost file below the whiteout was visible. The slice begins with the \
         lowest layer.");
    NOTHING_FOUND = Mistake::new("nothing-found",
        "No layer has the file, but the function returned Ok.",
        "The caller takes the returned value for the file's content. Return an error with bail!(…).");
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
    const PARENT: &str = "a file is recovered whose directory was deleted or replaced";
    const TWICE: &str = "if several layers have the file, the one that was visible last is recovered";
    const NEVER: &str = "if no layer has the file, the function returns an error with a context";

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
        seen.run.outcome(claim, seen.is_right(), &format!("\"{}\", the layer's content", seen.wanted), observed)
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
