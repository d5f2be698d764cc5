//! Exercise 3.4: so much memory, and who was killed for more.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.4",
    name: "memory",
    title: "so much memory, and who was killed for more",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "03-cgroups",
    page: "03-cgroups/memory.md",
    shown_by: "run --memory 64m sh -c 'head -c 200m /dev/zero | tail'",
    needs_cgroups: true,
    hints: &[
        "A limit is a number of bytes in a file: memory.max on v2, memory.limit_in_bytes on v1. \
         But who has swap can swap instead of being stopped, and then the limit is no limit. There \
         is another file for that.",
        "What swap may be used has its own limit: on v2 it is memory.swap.max, of swap alone; on \
         v1 memory.memsw.limit_in_bytes, of memory and swap together, and never below the limit on \
         memory, so the order matters. Where the kernel doesn't count swap, the file isn't there, \
         and that is no error.",
        "Exit code 137 says that somebody sent SIGKILL. That it was the kernel, for want of \
         memory, is counted: a line \"oom_kill N\" in memory.events on v2, in memory.oom_control on \
         v1. (memory.failcnt and the line \"max\" count something else: how often the limit was \
         hit. Mostly the kernel then finds something to give back.)",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OTHER_VERSION = crate::mistakes::OTHER_VERSION;
    SWAP_FIRST = Mistake::new("swap-first",
        "v1 has the file, and refused what was written to it: EINVAL.",
        "It refuses what is no number, and a limit that doesn't fit the other one: memory and swap \
         together are never less than memory alone, which has no limit yet. So which of the two has \
         to come first?");
    NO_COUNT = Mistake::new("no-count",
        "The kernel's file is there, and was_oom_killed gives an error.",
        "Which line did it read, and what is behind the name? On v1 memory.oom_control has another \
         line that begins with the same letters: oom_kill_disable, which is a setting. A name ends \
         with the space behind it.");
    NO_LIMIT = Mistake::new("no-limit",
        "The function returned Ok, and the group has no limit on memory.",
        "A soft limit (memory.soft_limit_in_bytes, memory.low, memory.high) is a wish for the time \
         when memory is short, and rlimits are of one process's addresses. What binds is \
         memory.max, on v1 memory.limit_in_bytes, of this group.");
    ANOTHER_UNIT = Mistake::new("another-unit",
        "There is a limit, and it is hundreds of times too high or too low.",
        "The files have bytes, and so has the argument. (ulimit counts in KiB, of 1024 bytes.)");
    MAY_SWAP = Mistake::new("may-swap",
        "Memory is limited, and swap isn't.",
        "Who hits the limit then goes on with swap: slowly, and without end. Swap has a limit of \
         its own in another file: memory.swap.max, on v1 memory.memsw.limit_in_bytes, which is of \
         both together. On a machine without swap nobody notices.");
    HIT_IS_NOT_KILLED = Mistake::new("hit-is-not-killed",
        "Nobody was killed for memory, and was_oom_killed says yes.",
        "The limit was hit, the kernel took back what could be had again, and all went on: reading \
         a big file does that. Later somebody else killed the process. memory.failcnt, and \"max\" \
         in memory.events, count hits. Which line counts kills, and only those?");
    NEVER_TOLD = Mistake::new("never-told",
        "The kernel has killed for memory, and was_oom_killed says no.",
        "It is counted in the group: a line \"oom_kill N\" in memory.events, on v1 in \
         memory.oom_control. under_oom is only of this moment, and oom_kill_disable is a setting.");
    SWALLOWED_THE_ERROR = Mistake::new("swallowed-the-error",
        "There was no group, and no error.",
        "Somewhere the result of a call is dropped (`let _ =`, `.ok()`, `unwrap_or_default`). Then \
         the container would run without a limit, or nobody would hear why it died. Return the \
         error: `?` does that.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel holds a group's memory to, and whom it has killed.

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, random};
    use nix::errno::Errno;

    use crate::groups::{Groups, Run, start, unjudged, until_hopeless};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let runs = until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs).without(unjudged("memory")))
    }

    /// What is called, and what happens before.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// `limit_memory`.
        Limit,
        /// `was_oom_killed`; a process in the group has used more than the limit.
        Hog,
        /// `was_oom_killed`; a process in the group hit the limit, gave back what it could, and was
        /// killed by somebody else.
        Modest,
        /// `limit_memory`, without a group.
        NoGroup,
        /// `was_oom_killed`, without a group.
        NoEvents,
    }

    impl Case {
        const ALL: [Case; 5] = [Case::Limit, Case::Hog, Case::Modest, Case::NoGroup, Case::NoEvents];

        fn word(self) -> &'static str {
            match self {
                Case::Limit => "limit",
                Case::Hog => "hog",
                Case::Modest => "modest",
                Case::NoGroup => "no-group",
                Case::NoEvents => "no-events",
            }
        }
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// In bytes.
        wanted: u64,
        v1: bool,
        /// Of memory; `None`: none that is a number.
        limit: Option<u64>,
        /// Of memory and swap together.
        with_swap: Swap,
        /// How many the kernel has killed in it.
        killed: u64,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Swap {
        /// The kernel doesn't count it.
        NotCounted,
        Unlimited,
        Limit(u64),
    }

    /// Whole pages, and no round number.
    fn bytes() -> u64 {
        u64::from(random::within(16 * 256..32 * 256)) * 4096
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let wanted = bytes();
        let (mut running, groups) = start(program, &[&wanted.to_string(), case.word()])?;
        let reply = running.go_on()?;
        let limit = groups.either("memory", "memory.limit_in_bytes", "memory.max").and_then(|text| number(&text));
        let with_swap = observed_swap(&groups, limit);
        let killed = groups.count("memory", "memory.oom_control", "memory.events", "oom_kill").unwrap_or_default();
        let v1 = groups.is_v1("memory");
        Ok(Observation { case, wanted, v1, limit, with_swap, killed, run: Run::end(running, reply) })
    }

    fn observed_swap(groups: &Groups, limit: Option<u64>) -> Swap {
        let Some(text) = groups.either("memory", "memory.memsw.limit_in_bytes", "memory.swap.max") else {
            return Swap::NotCounted;
        };
        match (number(&text), groups.is_v1("memory")) {
            (None, _) => Swap::Unlimited,
            (Some(both), true) => Swap::Limit(both),
            (Some(swap), false) => limit.map_or(Swap::Unlimited, |limit| Swap::Limit(limit + swap)),
        }
    }

    /// v1 has no word for no limit, only a number that is higher than any memory.
    fn number(text: &str) -> Option<u64> {
        text.parse().ok().filter(|bytes| *bytes < 1 << 60)
    }

    const LIMIT: &str = "the group may use so many bytes of memory";
    const SWAP: &str = "memory and swap together are held to the same number";
    const HOG: &str = "when the kernel has killed for memory, was_oom_killed says so";
    const MODEST: &str = "when somebody else has killed, it says no, though the limit was hit";
    const NO_GROUP: &str = "without a group, limit_memory gives an error that says so";
    const NO_EVENTS: &str = "and so does was_oom_killed";

    /// What an answer that returns true or false is heard to say.
    const YES: Reply = Reply::Number(1);
    const NO: Reply = Reply::Number(0);

    /// One run for each case; fewer, if one ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let [limit, hog, modest, no_group, no_events] = Case::ALL.map(|case| run_of(runs, case));
        let outcomes = vec![
            limited(limit),
            swap(limit),
            reported(HOG, hog, Case::Hog, YES),
            reported(MODEST, modest, Case::Modest, NO),
            refused(NO_GROUP, no_group, Case::NoGroup),
            refused(NO_EVENTS, no_events, Case::NoEvents),
        ];
        // Not of those that are refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), [&limit.run.printed, &hog.run.printed, &modest.run.printed])
    }

    /// It may never have come to that: then what came of the last run is what there is to say.
    fn run_of(runs: &[Observation], case: Case) -> &Observation {
        runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
    }

    fn limited(seen: &Observation) -> Outcome {
        let observed = seen.limit.map_or("no limit".into(), |limit| format!("{limit} bytes"));
        let holds = seen.case == Case::Limit && seen.limit == Some(seen.wanted);
        seen.run.outcome(LIMIT, holds, &format!("{} bytes", seen.wanted), observed)
    }

    fn swap(seen: &Observation) -> Outcome {
        let observed = match seen.with_swap {
            Swap::NotCounted => "no limit on memory, and swap isn't counted here".to_string(),
            Swap::Unlimited => "no limit".into(),
            Swap::Limit(both) => format!("{both} bytes"),
        };
        let holds = match seen.with_swap {
            Swap::NotCounted => seen.limit == Some(seen.wanted),
            Swap::Unlimited => false,
            Swap::Limit(both) => both == seen.wanted,
        };
        let expected = format!("{} bytes of memory and swap together", seen.wanted);
        seen.run.outcome(SWAP, seen.case == Case::Limit && holds, &expected, observed)
    }

    fn reported(claim: &'static str, seen: &Observation, case: Case, right: Reply) -> Outcome {
        let holds = seen.case == case && seen.run.alive && seen.run.reply == right;
        let killed = if seen.killed > 0 { "the kernel has killed" } else { "the kernel has killed nobody" };
        let observed = match seen.run.reply {
            YES => format!("it says yes; {killed}"),
            NO => format!("it says no; {killed}"),
            _ => seen.run.reply.in_words(),
        };
        Outcome::new(claim, holds, if right == YES { "yes" } else { "no" }, observed)
    }

    fn refused(claim: &'static str, seen: &Observation, case: Case) -> Outcome {
        seen.run.refused(claim, seen.case == case, Ok(()))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let [limit, hog, modest, no_group, no_events] = Case::ALL.map(|case| run_of(runs, case));
        let says = |seen: &Observation, reply: Reply| seen.run.reply == reply;
        if !says(limit, Reply::Ok) {
            let invalid = limit.v1 && limit.with_swap == Swap::Unlimited && limit.run.reply.has_errno(Errno::EINVAL);
            return match limit.limit {
                None if limit.run.missed_a_file() => Some(&OTHER_VERSION),
                None if invalid => Some(&SWAP_FIRST),
                _ => None,
            };
        }
        let Some(bytes) = limit.limit else { return Some(&NO_LIMIT) };
        match () {
            () if bytes > 0 && (bytes < limit.wanted / 200 || bytes / 200 > limit.wanted) => Some(&ANOTHER_UNIT),
            () if bytes != limit.wanted => None,
            () if matches!(limit.with_swap, Swap::Unlimited)
                || matches!(limit.with_swap, Swap::Limit(both) if both > bytes) =>
            {
                Some(&MAY_SWAP)
            }
            () if hog.run.missed_a_file() && modest.run.missed_a_file() => Some(&OTHER_VERSION),
            () if [hog, modest].iter().all(|seen| matches!(seen.run.reply, Reply::Error(_))) => Some(&NO_COUNT),
            // Who says yes to whatever is asked has looked at nothing.
            () if says(hog, YES) && says(modest, YES) && says(no_events, YES) => None,
            () if says(hog, YES) && says(modest, YES) => Some(&HIT_IS_NOT_KILLED),
            () if says(hog, NO) && says(modest, NO) => Some(&NEVER_TOLD),
            () if !says(hog, YES) || !says(modest, NO) => None,
            () if says(no_group, Reply::Ok) || matches!(no_events.run.reply, Reply::Number(_)) => {
                Some(&SWALLOWED_THE_ERROR)
            }
            () if no_group.run.reply.is_bare_error() || no_events.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::groups::Run;

        /// What a right answer shows.
        fn right(case: Case) -> Observation {
            let refusal = Reply::Error(vec!["writing".into(), "No such file (os error 2)".into()]);
            let reply = match case {
                Case::Limit => Reply::Ok,
                Case::Hog => YES,
                Case::Modest => NO,
                Case::NoGroup | Case::NoEvents => refusal,
            };
            let (wanted, limit, with_swap) = (1 << 24, Some(1 << 24), Swap::Limit(1 << 24));
            let killed = u64::from(case == Case::Hog);
            Observation {
                case,
                run: Run { reply, alive: true, printed: String::new() },
                wanted,
                v1: true,
                limit,
                with_swap,
                killed,
            }
        }

        fn judged(change: impl Fn(&mut Observation)) -> (Vec<&'static str>, Option<&'static str>) {
            let mut runs = Case::ALL.map(right);
            runs.iter_mut().for_each(change);
            let judgement = judge(&runs);
            let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
            (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
        }

        #[test]
        fn a_right_answer_passes_where_swap_is_counted_and_where_not() {
            assert_eq!(judged(|_| {}), (vec![], None));
            assert_eq!(judged(|seen| seen.with_swap = Swap::NotCounted), (vec![], None));
        }

        #[test]
        fn what_the_kernel_refuses_is_told_apart() {
            let refused = |errno: &'static str| Reply::Error(vec!["writing".into(), errno.into()]);
            let limit = |errno: &'static str| {
                judged(move |seen| {
                    if seen.case == Case::Limit {
                        (seen.run.reply, seen.limit, seen.with_swap) = (refused(errno), None, Swap::Unlimited);
                    }
                })
            };
            assert_eq!(limit("Invalid argument (os error 22)"), (vec![LIMIT, SWAP], Some("swap-first")));
            assert_eq!(limit("Permission denied (os error 13)"), (vec![LIMIT, SWAP], Some("other-version")));
            assert_eq!(limit("Device or resource busy (os error 16)"), (vec![LIMIT, SWAP], None));
            let events = |errno: &'static str| {
                judged(move |seen| {
                    if matches!(seen.case, Case::Hog | Case::Modest) {
                        seen.run.reply = refused(errno);
                    }
                })
            };
            assert_eq!(events("No such file or directory (os error 2)"), (vec![HOG, MODEST], Some("other-version")));
            assert_eq!(events("invalid digit found in string"), (vec![HOG, MODEST], Some("no-count")));
        }
    }
}
