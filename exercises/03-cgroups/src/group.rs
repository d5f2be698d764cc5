//! Exercise 3.1a: a group, and a process in it.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.1a",
    name: "group",
    title: "a group, and a process in it",
    kind: Kind::Build,
    minutes: 30,
    difficulty: Difficulty::Easy,
    chapter: "03-cgroups",
    page: "03-cgroups/groups.md",
    shown_by: "run --pids 1 timeout 9 date",
    needs_cgroups: true,
    hints: &[
        "There is no system call for groups: mkdir makes one, and the kernel puts its files into \
         it. Look at one: ls /sys/fs/cgroup. Which of the files has the numbers of processes in it, \
         and what happens to what is written there?",
        "On v1 there is a tree for each controller, so a container has several groups; on v2 it is \
         one. group.directories() has them all, each once. One that is there already is another \
         container's: create_dir says so, create_dir_all doesn't. And what was made before that \
         one?",
        "A process is moved by its number, written to cgroup.procs; 0 means the process that \
         writes. (tasks and cgroup.threads move a single thread.) On v1 that is one write for each \
         tree.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OTHER_VERSION = crate::mistakes::OTHER_VERSION;
    ONE_TREE = Mistake::new("one-tree",
        "It was done in some of the trees, and not in all.",
        "On v1 each controller has a tree of its own, and in each of them a process is in some \
         group. A limit on memory binds those who are in the group of the memory tree. \
         group.directories() has all the places; on v2 it is one.");
    CREATOR_JOINED = Mistake::new("creator-joined",
        "The process that made the group is in it.",
        "create is called on the host, by mydocker itself, which then would be limited with the \
         container, and counted; and nobody could remove the group, since it would be in there. The \
         container joins later, by itself.");
    SOMEBODY_ELSE = Mistake::new("somebody-else",
        "The group has a process in it, but not the one that called join.",
        "join is called in the child of a fork, for itself. What was written to cgroup.procs is \
         another's number; 0 means whoever writes.");
    ONE_THREAD = Mistake::new("one-thread",
        "One thread of the process is in the group, and the other isn't.",
        "v1's file tasks takes the number of a thread, and moves that one. cgroup.procs moves the \
         whole process, on v1 and on v2.");
    TOOK_ANOTHERS = Mistake::new("took-anothers",
        "There was such a group, and create returned Ok.",
        "It is another container's, with limits and processes of its own; two containers would \
         share them, and the first to end would remove the group under the other. create_dir_all \
         doesn't say what was there before.");
    LEFT_BEHIND = Mistake::new("left-behind",
        "create failed in one tree, and what it had made in the others is still there.",
        "The next try would fail on that, and nobody would ever remove it: whoever gets an error \
         believes that nothing was made. A group without processes is removed by rmdir.");
    REMOVED_ANOTHERS = Mistake::new("removed-anothers",
        "There was such a group in one tree; create failed, and that group is gone.",
        "It is another container's, whose limits in that tree are gone with it. What create has to \
         take back is what it has made itself; group.directories() has all the places, those of others, \
         too.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "There was no group to join, and join returned Ok.",
        "The container would run without any limit.");
    BARE_ERRNO = Mistake { why:
        "Whoever reads it learns that something was refused, but not what, nor in which tree. \
         anyhow's Context adds that: call.with_context(|| format!(\"…\"))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! Which groups there are, and who is in them.

    use std::path::PathBuf;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::observe::children;

    use crate::groups::{Groups, Run, start, threads_of, until_hopeless};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let runs = until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs))
    }

    /// What the program calls, and what is there before.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// `create`.
        Create,
        /// `join`, in a child that has a second thread; the groups are there.
        Join,
        /// `create`; one of the groups is there already, the last.
        Taken,
        /// `join`, and there is no group.
        Gone,
    }

    impl Case {
        const ALL: [Case; 4] = [Case::Create, Case::Join, Case::Taken, Case::Gone];

        fn word(self) -> &'static str {
            match self {
                Case::Create => "create",
                Case::Join => "join",
                Case::Taken => "taken",
                Case::Gone => "gone",
            }
        }
    }

    /// One group, in one tree.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Part {
        directory: PathBuf,
        /// Whether it is there.
        made: bool,
        /// Whether the caller's process is in it,
        caller: bool,
        /// with all its threads;
        threads: bool,
        /// and whether another one is.
        others: bool,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        parts: Vec<Part>,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let (mut running, groups) = start(program, &[case.word()])?;
        let main = running.main();
        // In these cases the first process waits for the one that joins.
        let child = matches!(case, Case::Join | Case::Gone).then(|| children(main).first().copied()).flatten();
        let reply = running.go_on()?;
        let parts =
            groups.directories().into_iter().map(|directory| part(&groups, directory, child.unwrap_or(main))).collect();
        Ok(Observation { case, parts, run: Run::end(running, reply) })
    }

    fn part(groups: &Groups, directory: PathBuf, caller: i32) -> Part {
        let processes = groups.processes(&directory);
        let inside = groups.threads(&directory);
        let threads = threads_of(caller);
        Part {
            // A directory of the kernel's: one elsewhere has no such file.
            made: groups.seen(&directory).join("cgroup.procs").exists(),
            caller: processes.contains(&caller),
            threads: !threads.is_empty() && threads.iter().all(|thread| inside.contains(thread)),
            others: processes.iter().any(|process| *process != caller),
            directory,
        }
    }

    const MADE: &str = "create makes the group in every tree";
    const NOBODY: &str = "create leaves it empty";
    const TAKEN: &str = "a group that is there already is an error, and the other trees are as they were";
    const JOINED: &str = "join moves the process that calls it into each of them, and that one alone";
    const THREADS: &str = "with all its threads";
    const GONE: &str = "to join a group that isn't there is an error that says so";

    /// One run for each case; fewer, if one ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let [create, join, taken, gone] = Case::ALL.map(|case| run_of(runs, case));
        let outcomes = vec![made(create), nobody(create), refused_taken(taken), joined(join), threads(join), {
            gone.run.refused(GONE, gone.case == Case::Gone, moved(gone))
        }];
        // Not of those that are refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), [&create.run.printed, &join.run.printed])
    }

    /// It may never have come to that: then what came of the last run is what there is to say.
    fn run_of(runs: &[Observation], case: Case) -> &Observation {
        runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
    }

    fn list(seen: &Observation, which: impl Fn(&&Part) -> bool) -> Vec<String> {
        seen.parts.iter().filter(which).map(|part| part.directory.display().to_string()).collect()
    }

    /// The first of them, and how many more there are.
    fn some(directories: &[String]) -> String {
        match directories {
            [] => "none".into(),
            [one] => one.clone(),
            [first, more @ ..] => format!("{first} and {} more", more.len()),
        }
    }

    fn made(seen: &Observation) -> Outcome {
        let missing = list(seen, |part| !part.made);
        let holds = seen.case == Case::Create && !seen.parts.is_empty() && missing.is_empty();
        seen.run.outcome(MADE, holds, &format!("{} groups", seen.parts.len()), format!("missing: {}", some(&missing)))
    }

    fn nobody(seen: &Observation) -> Outcome {
        let full = list(seen, |part| part.caller || part.others);
        let holds =
            seen.case == Case::Create && list(seen, |part| part.made).len() == seen.parts.len() && full.is_empty();
        let observed =
            if full.is_empty() { "there is no group".into() } else { format!("there are some in {}", some(&full)) };
        seen.run.outcome(NOBODY, holds, "no process in cgroup.procs", observed)
    }

    fn refused_taken(seen: &Observation) -> Outcome {
        let kept = match left_behind(seen) {
            _ if seen.case != Case::Taken => Ok(()),
            (_, false) => Err("the one that was there is gone".into()),
            (left, _) if !left.is_empty() => Err(format!("{} was made", some(&left))),
            _ => Ok(()),
        };
        seen.run.refused(TAKEN, seen.case == Case::Taken, kept)
    }

    /// The groups that were made, and whether the last, which was there, is there still.
    fn left_behind(seen: &Observation) -> (Vec<String>, bool) {
        let Some((last, others)) = seen.parts.split_last() else { return (vec![], false) };
        let left = others.iter().filter(|part| part.made).map(|part| part.directory.display().to_string());
        (left.collect(), last.made)
    }

    fn joined(seen: &Observation) -> Outcome {
        let outside = list(seen, |part| !part.caller);
        let others = list(seen, |part| part.others);
        let holds = seen.case == Case::Join && !seen.parts.is_empty() && outside.is_empty() && others.is_empty();
        let observed = match others.is_empty() {
            true => format!("it isn't in {}", some(&outside)),
            false if outside.is_empty() => format!("another one is in {}", some(&others)),
            false => format!("it isn't in {}, and another one is in {}", some(&outside), some(&others)),
        };
        seen.run.outcome(JOINED, holds, "its number in each cgroup.procs", observed)
    }

    fn threads(seen: &Observation) -> Outcome {
        let outside = list(seen, |part| !part.threads);
        let holds = seen.case == Case::Join && !seen.parts.is_empty() && outside.is_empty();
        seen.run.outcome(THREADS, holds, "both of them", format!("not so in {}", some(&outside)))
    }

    fn moved(seen: &Observation) -> Result<(), String> {
        match list(seen, |part| part.made) {
            made if seen.case == Case::Gone && !made.is_empty() => Err(format!("{} was made", some(&made))),
            _ => Ok(()),
        }
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let [create, join, taken, gone] = Case::ALL.map(|case| run_of(runs, case));
        let all = |seen: &Observation, so: fn(&Part) -> bool| seen.parts.iter().all(so);
        let any = |seen: &Observation, so: fn(&Part) -> bool| seen.parts.iter().any(so);
        if create.run.reply == Reply::Ok && all(create, |part| part.made) && join.run.missed_a_file() {
            return Some(&OTHER_VERSION);
        }
        if create.run.reply != Reply::Ok || join.run.reply != Reply::Ok {
            return None;
        }
        match () {
            () if !all(create, |part| part.made) => any(create, |part| part.made).then_some(&ONE_TREE),
            () if any(create, |part| part.caller) => Some(&CREATOR_JOINED),
            () if any(create, |part| part.others) => None,
            () if any(join, |part| part.others) && !any(join, |part| part.caller) => Some(&SOMEBODY_ELSE),
            () if any(join, |part| part.others) => None,
            () if !all(join, |part| part.caller) => any(join, |part| part.caller).then_some(&ONE_TREE),
            () if !all(join, |part| part.threads) => Some(&ONE_THREAD),
            () if taken.run.reply == Reply::Ok => Some(&TOOK_ANOTHERS),
            () if !left_behind(taken).0.is_empty() => Some(&LEFT_BEHIND),
            () if !left_behind(taken).1 => Some(&REMOVED_ANOTHERS),
            () if moved(gone).is_err() => None,
            () if gone.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if taken.run.reply.is_bare_error() || gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::groups::Run;

        /// What a right answer shows, with two trees.
        fn right(case: Case) -> Observation {
            let refusal = Reply::Error(vec!["mkdir".into(), "EEXIST: File exists".into()]);
            let reply = if matches!(case, Case::Create | Case::Join) { Reply::Ok } else { refusal };
            let part = |directory: &str, last: bool| Part {
                directory: directory.into(),
                made: matches!(case, Case::Create | Case::Join) || case == Case::Taken && last,
                caller: case == Case::Join,
                threads: case == Case::Join,
                others: false,
            };
            let run = Run { reply, alive: true, printed: String::new() };
            Observation { case, run, parts: vec![part("/s/cpu/box", false), part("/s/pids/box", true)] }
        }

        fn judged(case: Case, change: impl Fn(&mut Observation)) -> (Vec<&'static str>, Option<&'static str>) {
            let mut runs = Case::ALL.map(right);
            runs.iter_mut().filter(|seen| seen.case == case).for_each(change);
            let judgement = judge(&runs);
            let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
            (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
        }

        #[test]
        fn a_file_that_the_group_has_not_got_is_of_the_other_version() {
            let refused = Reply::Error(vec!["joining".into(), "Permission denied (os error 13)".into()]);
            let joined = judged(Case::Join, |seen| seen.run.reply = refused.clone());
            assert_eq!(joined, (vec![JOINED, THREADS], Some("other-version")));
            assert_eq!(judged(Case::Create, |seen| seen.run.reply = refused.clone()).1, None);
        }
    }
}
