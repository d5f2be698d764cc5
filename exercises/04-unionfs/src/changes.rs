//! Exercise 4.5: what a container has changed.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.5",
    name: "changes",
    title: "what a container has changed",
    kind: Kind::Build,
    minutes: 70,
    difficulty: Difficulty::Hard,
    chapter: "04-unionfs",
    page: "04-unionfs/changes.md",
    shown_by: "diff",
    needs_cgroups: false,
    hints: &[
        "Walk through the upper directory. For each name: what is it there (a whiteout is a device 0:0), \
         and what is seen under the name below? Those two answers give the letter. The second one needs a \
         function of its own, which looks from the topmost layer down, and stops where a layer hides the \
         rest.",
        "Below, a whiteout ends the search, and so does a file. A directory doesn't: those of the layers \
         below it are merged, unless it is opaque. If you pass to the next level only the directories that \
         are merged, each level is as simple as the first.",
        "In an opaque directory of the upper one, what is seen below and has no such name is deleted. A \
         directory in which something is listed is changed itself: look whether its part of the list is \
         empty. fs::symlink_metadata, with std::os::unix::fs::MetadataExt, has mode, uid, gid, size, \
         mtime and mtime_nsec. Change can be sorted: path first.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    WHITEOUT_LISTED = Mistake::new("whiteout-listed",
        "A whiteout is listed as a file: A or C, where it should be D.",
        "overlayfs says \"deleted\" with a character device that has the number 0:0. It is an entry of \
         the upper directory, and no file of the container's.");
    COPIED_UP = Mistake::new("copied-up",
        "A file that was opened for writing, and not written to, is listed as changed.",
        "Opening it was enough to copy it up. Whether it is a change, a comparison says: type, mode, owner, \
         size and time of modification, with its nanoseconds.");
    OPAQUE_IGNORED = Mistake::new("opaque-ignored",
        "A directory was deleted and made anew, and what it had isn't listed as deleted.",
        "The kernel doesn't make a whiteout for each name. It marks the new directory as opaque \
         (user.overlay.opaque is y): all that is seen below, and isn't in it, is deleted.");
    HIDDEN_BELOW = Mistake::new("hidden-below",
        "A file that one layer has, and another one above it deletes, is taken for one that is seen below.",
        "What is seen below is a union, too. Each layer may have whiteouts and opaque directories, which \
         hide those under it. The search goes from the top, and ends there.");
    DIRECTORY_ABOVE = Mistake::new("directory-above",
        "A directory in which something has changed isn't listed.",
        "A file was written to in place, so the directory's own time is what it was. Docker lists it all \
         the same, each one up to the root; whoever packs the changes needs them.");
    NOT_SORTED = Mistake::new("not-sorted",
        "The lines are right, and not in order.",
        "read_dir has no order: it is the file system's. Whoever compares two lists wants the same one \
         every time.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The upper directory isn't there, and the function returned Ok.",
        "Nobody would know that what is printed as no change is no answer.");
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

    const ADDED: &str = "what wasn't seen below is added, each file of a new directory, too";
    const CHANGED: &str = "what differs is changed, and each directory above a change; what was only opened isn't";
    const DELETED: &str = "what was seen below and isn't any more is deleted";
    const SORTED: &str = "the lines are sorted by path";
    const GONE: &str = "an upper directory that isn't there is an error that says so";

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
        fn is(&self, line: &str) -> bool {
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
        let observed = format!("missing: {}; too many: {}", first_of(&missing), first_of(&too_many));
        let holds = too_many.is_empty() && missing.is_empty();
        seen.run.outcome(claim, holds, &format!("{count} lines {letter}"), observed)
    }

    fn sorted(seen: &Observation) -> Outcome {
        let first = seen.lines.iter().zip(&seen.wanted).find(|(is, wanted)| is != wanted);
        let observed = first.map_or("they aren't as many".into(), |(is, _)| format!("\"{is}\" is out of place"));
        seen.run.outcome(SORTED, seen.is_sorted(), "as in a dictionary, each once", observed)
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
            () if there.is("A /srv/old") || there.is("C /srv/old") => Some(&WHITEOUT_LISTED),
            () if there.is("C /etc/name") || there.is("D /srv/docs/a") || there.is("D /etc/never") => {
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
