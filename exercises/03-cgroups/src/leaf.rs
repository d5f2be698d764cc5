//! Exercise 3.2: room for groups below.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.2",
    name: "leaf",
    title: "room for groups below",
    kind: Kind::Build,
    minutes: 45,
    difficulty: Difficulty::Hard,
    chapter: "03-cgroups",
    page: "03-cgroups/versions.md",
    shown_by: "run --memory 32m tail /dev/zero",
    needs_cgroups: true,
    hints: &[
        "On v2 a group gives its children a controller when its name, with a + in front, is \
         written to the group's cgroup.subtree_control. The kernel says EBUSY while there are \
         processes in the group itself: cgroups(7), \"The 'no internal processes' rule\".",
        "So the processes have to go first: into a group below the parent, made for them. Each \
         number in the parent's cgroup.procs is one, and ours is among them; each is written to the \
         cgroup.procs of the new group, one a write.",
        "Asked a second time, the group for them is there already, and the parent is empty. \
         cgroup.controllers lists what the parent can give: on a hybrid machine that isn't all. A \
         group without cgroup.subtree_control is one of v1.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OTHER_VERSION = crate::mistakes::OTHER_VERSION;
    BESIDE = Mistake::new("beside",
        "There is room, and the processes are in a group beside the parent.",
        "There they are out of the parent's limits, and out of what was handed over: an ordinary \
         user may move nobody there. A group below the parent is as good, and stays within.");
    STILL_BUSY = Mistake::new("still-busy",
        "The parent has processes, and the kernel refuses to give its children controllers.",
        "On v2 processes are in the leaves of the tree: whoever has children with controllers has \
         no processes of their own, since nobody could say how the two should share. The processes \
         have to move to a group below, first.");
    ONLY_ITSELF = Mistake::new("only-itself",
        "The program has moved itself, and the other process is still in the parent.",
        "The shell that mydocker was started from is in the same group, perhaps, and so are its \
         other children. All that cgroup.procs lists have to move, each by a write of its own.");
    NEVER_GIVEN = Mistake::new("never-given",
        "There is room now, and no controller is given.",
        "A child has a controller when its parent gives it: +NAME, written to the parent's \
         cgroup.subtree_control. A new group has nothing there.");
    ONCE = Mistake::new("once",
        "The first time it works, and the second time it is an error.",
        "The next container comes to the same parent: the group for its processes is there \
         already, the parent is empty, and the controllers are given. All of that is as it should \
         be.");
    ALL_OR_NOTHING = Mistake::new("all-or-nothing",
        "A controller that this tree hasn't got was taken for an error.",
        "On a hybrid machine each controller is in one of the trees, and what is missing here is \
         in a v1 tree. cgroup.controllers lists those that can be given.");
    ENDED = Mistake::new("ended",
        "A process was in the list, ended before it was its turn to be moved, and that was taken \
         for an error.",
        "The list is of a moment, and processes end whenever they like. Who isn't there any more \
         needn't move. Which errno says so? Other errors are errors still.");
    TOUCHES_V1 = Mistake::new("touches-v1",
        "The parent was one of a v1 tree, and something was done to it, or it was an error.",
        "On v1 each group has its tree's controller, and a group with children may have processes. \
         There is no cgroup.subtree_control there: that is how v1 can be told.");
    SWALLOWED_THE_ERROR = Mistake::new("swallowed-the-error",
        "The parent isn't there, and the function returned Ok.",
        "Either the result of a call is dropped (`let _ =`, `.ok()`), or a group that isn't there \
         is taken for one of v1: neither has a file cgroup.subtree_control, but one of them has a \
         directory.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! Who is where in a tree of groups, and what the groups may give.

    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::observe::process_exists;

    use crate::groups::{Groups, Run, start};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let mut runs = Vec::new();
        for case in Case::ALL {
            let Some(seen) = observe(program, case)? else { continue };
            let hopeless = seen.run.is_hopeless();
            runs.push(seen);
            if hopeless {
                break;
            }
        }
        Ok(judge(&runs))
    }

    /// What the parent is like.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// The program is in it, and another process.
        Busy,
        /// The same, and room is made twice.
        Twice,
        /// The same, and a controller is asked for that the tree hasn't got.
        Hybrid,
        /// With many processes in it, of which one ends when the first are moved.
        Ending,
        /// It is one of v1. (Only where there is v1.)
        V1,
        /// It isn't there.
        Gone,
    }

    impl Case {
        const ALL: [Case; 6] = [Case::Busy, Case::Twice, Case::Hybrid, Case::Ending, Case::V1, Case::Gone];

        fn word(self) -> &'static str {
            match self {
                Case::Busy => "busy",
                Case::Twice => "twice",
                Case::Hybrid => "hybrid",
                Case::Ending => "ending",
                Case::V1 => "v1",
                Case::Gone => "gone",
            }
        }
    }

    const PATIENCE: Duration = Duration::from_secs(5);
    const PATIENCE_IDLE: Duration = Duration::from_secs(12);

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// The controllers that were asked for and can be had, and those that are given.
        wanted: Vec<String>,
        given: Vec<String>,
        /// How many processes are in the parent itself.
        in_parent: usize,
        /// Whether the program is below it, and whether the other process is.
        program_below: bool,
        other_below: bool,
        /// Whether the program is in a group beside the parent.
        beside: bool,
        /// Whether the parent has groups below it.
        has_children: bool,
    }

    /// `None` where there is no such case.
    fn observe(program: &Program, case: Case) -> Result<Option<Observation>> {
        let (mut running, groups) = start(program, &[case.word()])?;
        if case == Case::V1 && !groups.is_v1("memory") {
            return Ok(None);
        }
        let parent = match case {
            Case::V1 => groups.directory("memory")?,
            _ => groups.v2_top()?.join(format!("room-{}", groups.name)),
        };
        let main = running.main();
        let others: Vec<i32> = groups.processes(&parent).into_iter().filter(|process| *process != main).collect();
        let words = |file: &str| -> Vec<String> {
            let text = fs::read_to_string(groups.seen(&parent).join(file)).unwrap_or_default();
            text.split_whitespace().map(String::from).collect()
        };
        let wanted = words("cgroup.controllers");
        running.call();
        // It may have to wait for a processor: see the program.
        let reply = running.wait_for_return(if case == Case::Ending { PATIENCE_IDLE } else { PATIENCE })?;
        let below: Vec<i32> = children(&groups, &parent).iter().flat_map(|child| groups.processes(child)).collect();
        let above = parent.parent().unwrap_or(&parent);
        let is_beside = |group: &PathBuf| *group != parent && groups.processes(group).contains(&main);
        Ok(Some(Observation {
            case,
            wanted,
            given: words("cgroup.subtree_control"),
            in_parent: groups.processes(&parent).len(),
            program_below: below.contains(&main),
            other_below: !others.is_empty()
                && others.iter().all(|other| below.contains(other) || !process_exists(*other)),
            beside: children(&groups, above).iter().any(is_beside),
            has_children: !children(&groups, &parent).is_empty(),
            run: Run::end(running, reply),
        }))
    }

    fn children(groups: &Groups, parent: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(groups.seen(parent)).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.map(|entry| parent.join(entry.file_name())).collect()
    }

    const GIVEN: &str = "groups below the parent may have the controllers";
    const MOVED: &str = "its processes are in a group below it, ours and the other one";
    const TWICE: &str = "asked a second time, it is content";
    const HYBRID: &str = "a controller that the tree hasn't got is passed over";
    const ENDING: &str = "a process that ends meanwhile is passed over";
    const V1: &str = "on v1 all stays as it was";
    const GONE: &str = "a parent that isn't there is an error that says so";

    /// One run for each case; fewer, if one ended the program, or where there is no v1.
    fn judge(runs: &[Observation]) -> Judgement {
        let last = &runs[runs.len() - 1];
        let of = |case: Case| find(runs, case).unwrap_or(last);
        let mut outcomes = vec![
            given(GIVEN, of(Case::Busy), Case::Busy),
            moved(of(Case::Busy)),
            given(TWICE, of(Case::Twice), Case::Twice),
            given(HYBRID, of(Case::Hybrid), Case::Hybrid),
            given(ENDING, of(Case::Ending), Case::Ending),
        ];
        outcomes.extend(find(runs, Case::V1).map(untouched));
        outcomes.push(refused(of(Case::Gone)));
        // Not of the one that is refused: that the answer says so is right.
        let printed = runs.iter().filter(|seen| seen.case != Case::Gone).map(|seen| &seen.run.printed);
        Judgement::new(outcomes, mistake(runs), printed)
    }

    fn find(runs: &[Observation], case: Case) -> Option<&Observation> {
        runs.iter().find(|seen| seen.case == case)
    }

    fn has_all(seen: &Observation) -> bool {
        !seen.wanted.is_empty() && seen.wanted.iter().all(|wanted| seen.given.contains(wanted))
    }

    fn list(words: &[String]) -> String {
        if words.is_empty() { "nothing".into() } else { words.join(" ") }
    }

    fn given(claim: &'static str, seen: &Observation, case: Case) -> Outcome {
        let expected = format!("{} in cgroup.subtree_control", list(&seen.wanted));
        seen.run.outcome(claim, seen.case == case && has_all(seen), &expected, list(&seen.given))
    }

    fn is_moved(seen: &Observation) -> bool {
        seen.in_parent == 0 && seen.program_below && seen.other_below
    }

    fn moved(seen: &Observation) -> Outcome {
        let observed = match (seen.program_below, seen.other_below) {
            (true, true) => format!("they are, and {} more are in the parent", seen.in_parent),
            (true, false) => "the other one isn't".into(),
            (false, true) => "the program itself isn't".into(),
            (false, false) if seen.beside => "they are in a group beside it".into(),
            (false, false) => "neither is".into(),
        };
        seen.run.outcome(MOVED, seen.case == Case::Busy && is_moved(seen), "both, and none in the parent", observed)
    }

    fn untouched(seen: &Observation) -> Outcome {
        let observed = if seen.has_children { "a group was made below it" } else { "its processes are elsewhere" };
        seen.run.outcome(
            V1,
            !seen.has_children && seen.in_parent == 2,
            "both processes where they were",
            observed.into(),
        )
    }

    fn refused(seen: &Observation) -> Outcome {
        seen.run.refused(GONE, seen.case == Case::Gone, Ok(()))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        if runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let (busy, twice) = (find(runs, Case::Busy)?, find(runs, Case::Twice)?);
        let (hybrid, gone) = (find(runs, Case::Hybrid)?, find(runs, Case::Gone)?);
        let error = |seen: &Observation| matches!(seen.run.reply, Reply::Error(_));
        let ok = |seen: &Observation| seen.run.reply == Reply::Ok;
        match () {
            () if !has_all(busy) && busy.run.missed_a_file() => Some(&OTHER_VERSION),
            () if busy.beside && busy.in_parent == 0 => Some(&BESIDE),
            () if error(busy) && !has_all(busy) && !busy.program_below && !busy.other_below => Some(&STILL_BUSY),
            () if error(busy) && busy.program_below && !busy.other_below => Some(&ONLY_ITSELF),
            () if ok(busy) && is_moved(busy) && busy.given.is_empty() => Some(&NEVER_GIVEN),
            () if !ok(busy) || !is_moved(busy) || !has_all(busy) => None,
            () if error(twice) => Some(&ONCE),
            () if error(hybrid) => Some(&ALL_OR_NOTHING),
            () if !ok(twice) || !ok(hybrid) || !has_all(twice) || !has_all(hybrid) => None,
            () if find(runs, Case::V1).is_some_and(|v1| v1.has_children || !ok(v1)) => Some(&TOUCHES_V1),
            () if ok(gone) => Some(&SWALLOWED_THE_ERROR),
            () if gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () if error(find(runs, Case::Ending)?) => Some(&ENDED),
            () => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::groups::Run;

        fn error() -> Reply {
            Reply::Error(vec!["writing".into(), "Device or resource busy (os error 16)".into()])
        }

        /// What a right answer shows.
        fn right(case: Case) -> Observation {
            let reply = if case == Case::Gone { error() } else { Reply::Ok };
            let (on_v2, words) = (!matches!(case, Case::V1 | Case::Gone), vec!["cpu".to_string(), "pids".to_string()]);
            Observation {
                case,
                run: Run { reply, alive: true, printed: String::new() },
                wanted: if on_v2 { words.clone() } else { vec![] },
                given: if on_v2 { words } else { vec![] },
                in_parent: if case == Case::V1 { 2 } else { 0 },
                program_below: on_v2,
                other_below: on_v2,
                beside: false,
                has_children: on_v2,
            }
        }

        fn judged(
            cases: &'static [Case],
            change: impl Fn(&mut Observation),
        ) -> (Vec<&'static str>, Option<&'static str>) {
            let mut runs = Case::ALL.map(right);
            runs.iter_mut().filter(|seen| cases.contains(&seen.case)).for_each(change);
            let judgement = judge(&runs);
            let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
            (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
        }

        #[test]
        fn a_right_answer_passes_also_where_there_is_no_v1() {
            assert_eq!(judged(&[], |_| {}), (vec![], None));
            let runs: Vec<Observation> =
                Case::ALL.map(right).into_iter().filter(|seen| seen.case != Case::V1).collect();
            assert_eq!((judge(&runs).failing(), judge(&runs).outcomes.len()), (0, 6));
        }
    }
}
