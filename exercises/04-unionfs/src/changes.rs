//! Exercise 4.5: list a container's changes.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.5",
    name: "changes",
    title: "list a container's changes",
    kind: Kind::Build,
    minutes: 70,
    difficulty: Difficulty::Hard,
    chapter: "04-unionfs",
    page: "04-unionfs/changes.md",
    shown_by: "diff",
    needs_cgroups: false,
    hints: &[
        "Walk through the upper directory. For each entry, find out what it is (a whiteout is a device \
         0:0), and what the layers below show under its name. Both answers together give the letter. Write \
         a separate function for the second question. It searches the layers from the top, and stops where \
         a layer hides the layers below it.",
        "In the layers below, a whiteout or a file ends the search. A directory doesn't: it is merged with \
         the directories of the layers below, unless it is opaque. If you pass only the merged directories \
         to the next level of the recursion, each level works like the first one.",
        "If a directory of the upper one is opaque, every name that the layers below show and that it \
         lacks is deleted. A directory is changed if one of its entries is listed: check whether its \
         part of the list is empty. fs::symlink_metadata, with std::os::unix::fs::MetadataExt, has mode, \
         uid, gid, size, mtime and mtime_nsec. You can sort a Vec<Change>: it is ordered by path.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    WHITEOUT_LISTED = Mistake::new("whiteout-listed",
        "A whiteout is listed with the letter A or C, but should have D.",
        "For a deleted file, overlayfs makes a character device with the number 0:0 in the upper \
         directory. It isn't a file of the container.");
    COPIED_UP = Mistake::new("copied-up",
        "A file that was opened for writing, but not changed, is listed as changed.",
        "Opening the file was enough to copy it up. Compare both files to find out whether it has changed: \
         type, mode, owner, size and modification time, including the nanoseconds.");
    OPAQUE_IGNORED = Mistake::new("opaque-ignored",
        "A directory was deleted and made again, but its old entries aren't listed as deleted.",
        "The kernel doesn't make a whiteout for each of them. It marks the new directory as opaque \
         (user.overlay.opaque is y). Every entry that the layers below show, and that the directory lacks, \
         is deleted.");
    HIDDEN_BELOW = Mistake::new("hidden-below",
        "One layer has a file and a layer above deletes it, but the function treats the file as visible.",
        "The layers below form a union too. Each layer may have whiteouts and opaque directories, which \
         hide the layers below it. Search from the top, and stop there.");
    DIRECTORY_ABOVE = Mistake::new("directory-above",
        "A directory with a changed entry isn't listed.",
        "A program wrote to an existing file, so the directory's own time didn't change. Docker lists the \
         directory nevertheless, and all directories above it. An archive of the changes needs them.");
    NOT_SORTED = Mistake::new("not-sorted",
        "The lines are right, but not sorted.",
        "read_dir returns entries in an arbitrary order. Two runs of the function must return the same \
         list.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The upper directory doesn't exist, but the function returned Ok.",
        "The caller takes the empty list for \"no changes\".");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! The lines, against what was done in the union.

    use std::collections::BTreeSet;
    use std::fs;

    use anyhow::Result;
    use checker::view::{first_of, new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(["there", "gone"], |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        is_gone: bool,
        run: Run,
        /// As they should be.
        wanted: Vec<String>,
        lines: Vec<String>,
    }

    fn observe(program: &Program, case: &str) -> Result<Observation> {
        let place = new_place();
        let note = format!("note-{}", random::within(0..1_000_000));
        let mut running = program.start(Lab::new(), &[word(&place), &note, case])?;
        let main = running.main();

        let reply = running.go_on()?;

        let text = fs::read_to_string(path_of(main, place.join("changes"))).unwrap_or_default();
        let lines = text.lines().map(String::from).collect();
        let wanted = WANTED.iter().map(|line| line.replace("NOTE", &note)).collect();
        Ok(Observation { is_gone: case == "gone", wanted, lines, run: Run::end(running, reply) })
    }

    /// Of what the program around the answer has done.
    const WANTED: [&str; 17] = [
        "C /etc",
        "C /etc/mode",
        "A /etc/name",
        "A /etc/NOTE",
        "C /etc/port",
        "A /new",
        "A /new/dir",
        "A /new/dir/inner",
        "C /srv",
        "C /srv/docs",
        "D /srv/docs/c",
        "A /srv/docs/d",
        "D /srv/old",
        "C /srv/was_dir",
        "C /usr",
        "C /usr/share",
        "C /usr/share/text",
    ];

    const ADDED: &str = "an entry that the layers below don't show is added, also each file of a new directory";
    const CHANGED: &str =
        "an entry that differs is changed, and each directory above it; a file that was only opened isn't";
    const DELETED: &str = "an entry that the union no longer shows is deleted";
    const SORTED: &str = "the lines are sorted by path";
    const GONE: &str = "if the upper directory doesn't exist, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let (there, last) = (&runs[0], &runs[runs.len() - 1]);
        let outcomes = vec![
            lines(ADDED, there, "A"),
            lines(CHANGED, there, "C"),
            lines(DELETED, there, "D"),
            sorted(there),
            last.run.refused(GONE, last.is_gone, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), [&there.run.printed])
    }

    impl Observation {
        fn lists(&self, line: &str) -> bool {
            self.lines.iter().any(|is| is == line)
        }

        /// The lines that it has and shouldn't have, and those that it lacks.
        fn differences(&self) -> [BTreeSet<&String>; 2] {
            let [is, wanted] = [&self.lines, &self.wanted].map(|lines| lines.iter().collect::<BTreeSet<_>>());
            [is.difference(&wanted).copied().collect(), wanted.difference(&is).copied().collect()]
        }

        fn is_sorted(&self) -> bool {
            self.lines == self.wanted
        }
    }

    fn lines(claim: &'static str, seen: &Observation, letter: &str) -> Outcome {
        let [too_many, missing] = seen
            .differences()
            .map(|lines| lines.into_iter().filter(|line| line.starts_with(letter)).cloned().collect::<Vec<String>>());
        let count = seen.wanted.iter().filter(|line| line.starts_with(letter)).count();
        let observed = format!("missing: {}; unexpected: {}", first_of(&missing), first_of(&too_many));
        let holds = too_many.is_empty() && missing.is_empty();
        seen.run.outcome(claim, holds, &format!("{count} lines with the letter {letter}"), observed)
    }

    fn sorted(seen: &Observation) -> Outcome {
        let first = seen.lines.iter().zip(&seen.wanted).find(|(is, wanted)| is != wanted);
        let observed =
            first.map_or("another number of lines".into(), |(is, _)| format!("\"{is}\" is in the wrong place"));
        seen.run.outcome(SORTED, seen.is_sorted(), "sorted, and each line once", observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [there, gone] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) || there.run.reply != Reply::Ok {
            return None;
        }
        let [too_many, missing] = there.differences();
        let only = |lines: &BTreeSet<&String>, these: &[&str]| {
            !lines.is_empty() && lines.iter().all(|line| these.contains(&line.as_str()))
        };
        match () {
            () if there.lists("A /srv/old") || there.lists("C /srv/old") => Some(&WHITEOUT_LISTED),
            () if there.lists("C /etc/name") || there.lists("D /srv/docs/a") || there.lists("D /etc/never") => {
                Some(&HIDDEN_BELOW)
            }
            () if only(&too_many, &["C /usr/lib", "C /usr/lib/opened"]) && missing.is_empty() => Some(&COPIED_UP),
            () if !too_many.is_empty() => None,
            () if only(&missing, &["D /srv/docs/c"]) => Some(&OPAQUE_IGNORED),
            () if only(&missing, &["C /usr", "C /usr/share", "C /srv", "C /srv/docs", "C /etc"]) => {
                Some(&DIRECTORY_ABOVE)
            }
            () if !missing.is_empty() => None,
            () if !there.is_sorted() => Some(&NOT_SORTED),
            () if gone.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
