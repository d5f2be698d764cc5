//! Exercise 3.1b: what isn't counted.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.1b",
    name: "late_join",
    title: "what isn't counted",
    kind: Kind::Repair,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "03-cgroups",
    page: "03-cgroups/groups.md",
    shown_by: "",
    needs_cgroups: true,
    hints: &[
        "`cargo wb check 3.1b` starts a command that has more than a megabyte from its exec on, and \
         a child. How much of that does the kernel count in the group, and in which group was the \
         command when it got it?",
        "A process that is moved takes neither its memory along nor the children that it has had \
         by then. So it has to be in the group before it does anything as the command: before exec. \
         Who can see to that?",
        "The child of the fork, for itself, before given::exec: \"0\" to each cgroup.procs. And if \
         it can't? The parent waits at the pipe for a word about exec; it can be told about that, \
         too.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    TOO_LATE = Mistake::new("too-late",
        "The command is in the group, and the memory that it had before isn't counted there.",
        "It was moved after its exec. What a process has got stays with the group that it was in \
         then, and children that it has started stay there, too. A command has time to start many.");
    MAY_BE_LATE = Mistake::new("may-be-late",
        "When the parent goes on first after the fork, all is counted; when the child does, it \
         isn't.",
        "The child doesn't wait for its parent: it may have become the command, and have had \
         memory and children, before the parent comes to move it. Mostly the parent is quicker; on \
         a busy machine it isn't. Who is sure to be in time?");
    JOINED_ITSELF = Mistake::new("joined-itself",
        "The command is in the group from the start, and so is the program that started it.",
        "A child is born in its parent's group, so that works. But now mydocker is limited as \
         well, is killed with the container when memory is short, and the group can't be removed. \
         The child can join by itself, between fork and exec.");
    NEVER_JOINED = Mistake::new("never-joined",
        "The command runs, and isn't in the group.",
        "Which number was written, and in whose PID namespace? And was it before the fork of a \
         process that is in the group?");
    NOT_STARTED = Mistake::new("not-started",
        "There is no such command, and the function returned a number.",
        "The number is of a process that has ended. exec fails in the child, and only the child \
         learns of it; the pipe is there so that the parent learns of it, too.");
    DIED_WITHOUT_A_WORD = Mistake::new("died-without-a-word",
        "There was no group; the child has ended, and the function returned its number.",
        "It is right that nothing runs. But to the parent the end of the pipe without a word looks \
         the same whether the child became the command or ended. A child that gives up has to say \
         why.");
    ZOMBIE = Mistake::new("zombie",
        "It is an error, as it should be; and the child that has ended is still there, as a \
         zombie.",
        "A process that has ended keeps its number until its parent waits for it. Whoever gets the \
         error has no number to wait for, so the one who has it has to do that.");
    SWALLOWED_THE_ERROR = Mistake::new("swallowed-the-error",
        "There was no group, and the command was started all the same.",
        "It runs without any limit, and nobody knows. In the child there is nobody to return an \
         error to, but there is the pipe; and a child that couldn't join must not exec.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! Where a command and its children are, and what of its memory is counted.

    use std::fs;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, random};
    use lab::observe::{children, descendants, ns_pids, process_exists};

    use crate::groups::{Groups, Run, start, stat, until_hopeless, within_moments};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let runs = until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// The group is there, and so is the command. After a fork the parent goes on first.
        Well,
        /// The same, and the child goes on first.
        Quick,
        /// There is no such command.
        Missing,
        /// There is no group.
        Gone,
    }

    impl Case {
        const ALL: [Case; 4] = [Case::Well, Case::Quick, Case::Missing, Case::Gone];

        fn word(self) -> &'static str {
            match self {
                Case::Well => "well",
                Case::Quick => "quick",
                Case::Missing => "missing",
                Case::Gone => "gone",
            }
        }
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// How many processes run the command: itself, and a child of it.
        running: usize,
        /// How many of them are in the group in every tree.
        inside: usize,
        /// Whether the number that was returned is the command's.
        is_its_number: bool,
        /// Whether the program itself is in the group.
        program_inside: bool,
        /// Whether the program has a child that has ended, and that it hasn't waited for.
        zombie: bool,
        /// What is counted of the group's memory, in bytes.
        memory: u64,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let mark = format!("mark-{:06x}", random::within(0..0x100_0000));
        let (mut running, groups) = start(program, &[case.word(), &mark])?;
        let main = running.main();
        let reply = running.go_on()?;
        let runs = |process: &i32| {
            let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            process_exists(*process) && line.windows(mark.len()).any(|window| window == mark.as_bytes())
        };
        let commands = || -> Vec<i32> { descendants(main).into_iter().filter(runs).collect() };
        if matches!(case, Case::Well | Case::Quick) && matches!(reply, Reply::Number(_)) {
            // It has a child soon.
            within_moments(|| commands().len() > 1);
        }
        let commands = commands();
        let inside = commands.iter().filter(|process| is_inside(&groups, **process)).count();
        let is_its_number = match reply {
            Reply::Number(number) => commands.first().is_some_and(|first| last_number(*first) == Some(number)),
            _ => false,
        };
        let usage = groups.either("memory", "memory.usage_in_bytes", "memory.current");
        let memory = usage.and_then(|bytes| bytes.parse().ok()).unwrap_or_default();
        let program_inside = groups.directories().iter().any(|directory| groups.processes(directory).contains(&main));
        let has_ended = |child: &i32| stat(*child).is_some_and(|fields| fields.starts_with('Z'));
        let zombie = children(main).iter().any(has_ended);
        let running_now = commands.len();
        let run = Run::end(running, reply);
        Ok(Observation { case, run, running: running_now, inside, is_its_number, program_inside, zombie, memory })
    }

    fn is_inside(groups: &Groups, process: i32) -> bool {
        let directories = groups.directories();
        !directories.is_empty() && directories.iter().all(|directory| groups.processes(directory).contains(&process))
    }

    /// As it is numbered in the lab.
    fn last_number(process: i32) -> Option<i32> {
        ns_pids(process).ok()?.last().copied()
    }

    const RUNS: &str = "the command runs, and what is returned is its number";
    const INSIDE: &str = "it is in the group in every tree, and so is what it has started";
    const COUNTED: &str = "the memory that it has had since its exec is counted";
    const QUICK: &str = "all of that also when it is quicker than whoever starts it";
    const NOT_OURS: &str = "the caller stays outside of the group";
    const MISSING: &str = "a command that isn't there is an error that says so";
    const GONE: &str = "without a group it is an error instead of a start";

    /// In bytes. Its words alone are more; what it gets after a late move is less than half of
    /// that.
    const MEMORY: u64 = 1280 << 10;

    /// One run for each case; fewer, if one ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let [well, quick, missing, gone] = Case::ALL.map(|case| run_of(runs, case));
        let outcomes = vec![
            well_outcome(RUNS, well, well.running >= 2 && well.is_its_number, "the command, with a child", || {
                let number = if well.is_its_number { "its own" } else { "not its own" };
                format!("{} processes run it; the number is {number}", well.running)
            }),
            well_outcome(INSIDE, well, well.running >= 2 && well.inside == well.running, "both of them", || {
                format!("{} of {} are in each", well.inside, well.running)
            }),
            well_outcome(COUNTED, well, well.memory >= MEMORY, "more than 1280 KiB in the group", || {
                format!("{} KiB in the group", well.memory >> 10)
            }),
            started(QUICK, quick, Case::Quick, is_counted(quick), "both in the group, with more than 1280 KiB", || {
                format!("{} of {} are in it, with {} KiB", quick.inside, quick.running, quick.memory >> 10)
            }),
            well_outcome(
                NOT_OURS,
                well,
                !well.program_inside && well.running > 0,
                "the command and its children only",
                || {
                    if well.program_inside { "it is in there, too".into() } else { "nobody runs the command".into() }
                },
            ),
            refused(MISSING, missing, Case::Missing),
            refused(GONE, gone, Case::Gone),
        ];
        // Not of those that are refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), [&well.run.printed])
    }

    /// It may never have come to that: then what came of the last run is what there is to say.
    fn run_of(runs: &[Observation], case: Case) -> &Observation {
        runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
    }

    fn is_counted(seen: &Observation) -> bool {
        seen.running >= 2 && seen.inside == seen.running && seen.memory >= MEMORY
    }

    fn well_outcome(
        claim: &'static str,
        seen: &Observation,
        holds: bool,
        expected: &str,
        observed: impl Fn() -> String,
    ) -> Outcome {
        started(claim, seen, Case::Well, holds, expected, observed)
    }

    fn started(
        claim: &'static str,
        seen: &Observation,
        case: Case,
        holds: bool,
        expected: &str,
        observed: impl Fn() -> String,
    ) -> Outcome {
        let returned = seen.run.alive && matches!(seen.run.reply, Reply::Number(_));
        let observed = if returned { observed() } else { seen.run.reply.in_words() };
        Outcome::new(claim, seen.case == case && returned && holds, expected, observed)
    }

    fn refused(claim: &'static str, seen: &Observation, case: Case) -> Outcome {
        let kept = match seen.running {
            0 if seen.zombie => Err("its child has ended and wasn't waited for".to_string()),
            0 => Ok(()),
            _ => Err("the command runs".to_string()),
        };
        seen.run.refused(claim, seen.case == case, kept)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let [well, quick, missing, gone] = Case::ALL.map(|case| run_of(runs, case));
        let number = |seen: &Observation| matches!(seen.run.reply, Reply::Number(_));
        match () {
            () if !number(well) || well.running == 0 || !well.is_its_number => None,
            () if well.program_inside => Some(&JOINED_ITSELF),
            () if well.inside == 0 && well.memory < MEMORY => Some(&NEVER_JOINED),
            () if well.memory < MEMORY => Some(&TOO_LATE),
            () if well.inside < well.running => None,
            () if number(quick) && !is_counted(quick) => Some(&MAY_BE_LATE),
            () if !number(quick) => None,
            () if number(gone) && gone.running == 0 => Some(&DIED_WITHOUT_A_WORD),
            () if number(gone) => Some(&SWALLOWED_THE_ERROR),
            () if gone.running > 0 => None,
            () if number(missing) => Some(&NOT_STARTED),
            () if missing.zombie || gone.zombie => Some(&ZOMBIE),
            () if missing.run.reply.is_bare_error() || gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
