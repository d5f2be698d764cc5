//! Exercise 3.9: what a container leaves behind.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.9",
    name: "removal",
    title: "what a container leaves behind",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "03-cgroups",
    page: "03-cgroups/remains.md",
    shown_by: "run --pids 20 true",
    needs_cgroups: true,
    hints: &[
        "rmdir removes a group, though there are files in it: they are the kernel's. (rm -r, and \
         remove_dir_all, would unlink the files first, and nobody may.) When does it say EBUSY?",
        "A group in which a process is, or below which there is another group, is busy. Groups may \
         be made inside of a container, too: the children have to go first. And a process that was \
         killed a moment ago may be in it still, for a moment.",
        "What has groups below it, which have groups below them, is a case for a function that \
         calls itself. And where rmdir fails: which of its errors means \"not yet\", which \"done \
         already\", and how long may \"not yet\" take?",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    UNLINKS = Mistake::new("unlinks",
        "Not even a group without anything in it could be removed.",
        "The files in it can't be unlinked, by nobody (EPERM), and needn't be: rmdir takes a group \
         with its files. remove_dir_all, and rm -r, unlink first.");
    ONE_TREE = Mistake::new("one-tree",
        "The function returned Ok, and a group is left.",
        "On v1 each controller has a tree of its own, with a group in each; group.directories() has \
         them all.");
    PARENT_FIRST = Mistake::new("parent-first",
        "Groups that were made in the group keep it from being removed.",
        "A container may make groups of its own below its group (systemd in a container does). \
         rmdir says EBUSY while there are any: they have to be removed first, the deepest first of \
         all.");
    ONE_TRY = Mistake::new("one-try",
        "A process that was about to end kept the group from being removed.",
        "When the first process of a container ends, the kernel kills the others; but for a moment \
         they are in the group, and rmdir says EBUSY. So: try again, for a while.");
    WAITS_FOR_EVER = Mistake::new("waits-for-ever",
        "With a process in the group that lives on, the function doesn't return.",
        "Not every process in a group is about to end: somebody may have moved one in. Whoever \
         waits should know how long, and then say what keeps the group busy.");
    KILLS = Mistake::new("kills",
        "The process in the group was killed.",
        "remove is called when the container has ended, and its processes with it. Who is in the \
         group then came from elsewhere; its end is for whoever put it there.");
    GONE_IS_NO_ERROR = Mistake::new("gone-is-no-error",
        "One of the groups was gone already, and that was taken for an error.",
        "It is as it should be then: somebody else was quicker. The others have to be removed all \
         the same.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "A group couldn't be removed, and the function returned Ok.",
        "The group stays, and the next container of that name can't have it.");
    BARE_ERRNO = Mistake { why:
        "Whoever reads \"Device or resource busy\" wants to know which group it is. anyhow's \
         Context adds that: call.with_context(|| format!(\"…\"))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! Which groups are left.

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply};

    use crate::groups::{Run, start, until_hopeless};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let runs = until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs))
    }

    /// What is in the groups when `remove` is called.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// Nothing.
        Empty,
        /// Groups, and in them groups.
        Nested,
        /// A process that will end in a moment.
        Ending,
        /// A process that lives on.
        Living,
        /// One of the groups isn't there any more, the first.
        Gone,
    }

    impl Case {
        const ALL: [Case; 5] = [Case::Empty, Case::Nested, Case::Ending, Case::Living, Case::Gone];

        fn word(self) -> &'static str {
            match self {
                Case::Empty => "empty",
                Case::Nested => "nested",
                Case::Ending => "ending",
                Case::Living => "living",
                Case::Gone => "gone",
            }
        }
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// The directories of groups that are there.
        left: Vec<String>,
        /// Whether the process that was in them lives.
        process_lives: bool,
        /// Whether the groups of others, beside them, are there.
        others: bool,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let (mut running, groups) = start(program, &[case.word()])?;
        let directories = groups.directories();
        let inside: Vec<i32> = directories.iter().flat_map(|directory| groups.processes(directory)).collect();
        let reply = running.go_on()?;
        let left = directories.iter().filter(|directory| groups.seen(directory).exists());
        let left = left.map(|directory| directory.display().to_string()).collect();
        let process_lives = inside.iter().any(|process| lab::observe::process_exists(*process));
        // Made by the given program beside each.
        let beside = |directory: &std::path::PathBuf| groups.seen(&directory.with_file_name("another")).exists();
        let others = directories.iter().all(beside);
        Ok(Observation { case, left, process_lives, others, run: Run::end(running, reply) })
    }

    const EMPTY: &str = "the groups are gone, in every tree";
    const NESTED: &str = "with what groups were made in them";
    const ENDING: &str = "also where a process in them ends only now";
    const LIVING: &str = "a process that lives on is an error, soon, and survives it";
    const GONE: &str = "a group that is gone already counts as removed";
    const OTHERS: &str = "and the groups of others stay";

    /// One run for each case; fewer, if one ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let [empty, nested, ending, living, gone] = Case::ALL.map(|case| run_of(runs, case));
        let outcomes = vec![
            removed(EMPTY, empty, Case::Empty),
            removed(NESTED, nested, Case::Nested),
            removed(ENDING, ending, Case::Ending),
            refused(living),
            removed(GONE, gone, Case::Gone),
            Outcome::first_failing(runs, |seen| {
                seen.run.outcome_whatever(OTHERS, seen.others, "the directory beside each", "they are gone".into())
            }),
        ];
        // Not of the one that is refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), [&empty.run.printed, &nested.run.printed, &ending.run.printed])
    }

    /// It may never have come to that: then what came of the last run is what there is to say.
    fn run_of(runs: &[Observation], case: Case) -> &Observation {
        runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
    }

    fn removed(claim: &'static str, seen: &Observation, case: Case) -> Outcome {
        let observed = match &seen.left[..] {
            [] => "none".to_string(),
            [first, more @ ..] => format!("{first} is there, and {} more", more.len()),
        };
        seen.run.outcome(claim, seen.case == case && seen.left.is_empty(), "no directory of the group's", observed)
    }

    fn refused(seen: &Observation) -> Outcome {
        let kept = if seen.process_lives { Ok(()) } else { Err("the process in it was killed".to_string()) };
        seen.run.refused(LIVING, seen.case == Case::Living, kept)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let living = run_of(runs, Case::Living);
        if runs.iter().any(|seen| !seen.run.alive || !seen.others) {
            return None;
        }
        if living.case == Case::Living && matches!(living.run.reply, Reply::Silence(_)) {
            let well = runs[..runs.len() - 1].iter().all(|seen| seen.run.reply == Reply::Ok && seen.left.is_empty());
            return well.then_some(&WAITS_FOR_EVER);
        }
        if runs.len() < Case::ALL.len() {
            return None;
        }
        let [empty, nested, ending, living, gone] = Case::ALL.map(|case| run_of(runs, case));
        let well = |seen: &Observation| seen.run.reply == Reply::Ok && seen.left.is_empty();
        let error = |seen: &Observation| matches!(seen.run.reply, Reply::Error(_));
        match () {
            () if error(empty) && !empty.left.is_empty() => Some(&UNLINKS),
            () if empty.run.reply == Reply::Ok && !empty.left.is_empty() => Some(&ONE_TREE),
            () if !well(empty) => None,
            () if !living.process_lives => Some(&KILLS),
            () if living.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if !well(nested) && !well(ending) => Some(&ONE_TRY),
            () if !well(nested) => Some(&PARENT_FIRST),
            () if !well(ending) => Some(&ONE_TRY),
            () if error(gone) => Some(&GONE_IS_NO_ERROR),
            () if !well(gone) => None,
            () if living.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
