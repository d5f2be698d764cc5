//! Exercise 3.5a: so many processes.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.5a",
    name: "pids",
    title: "so many processes",
    kind: Kind::Build,
    minutes: 10,
    difficulty: Difficulty::Easy,
    chapter: "03-cgroups",
    page: "03-cgroups/pids.md",
    shown_by: "run --pids 5 sh -c 'for n in 1 2 3 4 5; do sleep 1 & done'",
    needs_cgroups: true,
    hints: &[
        "This controller has the same files on v1 and on v2, and few of them: ls them in \
         /sys/fs/cgroup/pids, or in any group on v2. Which one is the limit, and which says how \
         many there are?",
        "pids.max takes a number, or the word max. It counts processes and threads of the group \
         and of all groups below it. (setrlimit's RLIMIT_NPROC counts those of a user, wherever \
         they are; and it doesn't bind root.)",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OF_THE_USER = Mistake::new("of-the-user",
        "The limit is on processes of the user (RLIMIT_NPROC), and not on those of the group.",
        "The kernel counts them for the user, all that they run anywhere; so one container takes \
         another's. And root isn't bound by it. The group has a file of its own for that.");
    ONE_OFF = Mistake::new("one-off",
        "The limit is by one too high or too low.",
        "The container's first process counts as one of them, as it does for Docker; mydocker \
         itself isn't in the group, and doesn't.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "There was no group, and the function returned Ok.",
        "The container would run without a limit.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! How many processes a group may have, and has.

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, random};
    use nix::unistd::Pid;

    use crate::groups::{Groups, Run, start, within_moments};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let there = observe(program, Case::There)?;
        if there.run.is_hopeless() {
            return Ok(judge(&[there]));
        }
        Ok(judge(&[there, observe(program, Case::Gone)?]))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// The group has a process in it that starts others, when the limit is set.
        There,
        /// There is no group.
        Gone,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        wanted: u64,
        /// As the file has it; `None`: there is none.
        limit: Option<u64>,
        /// How many processes were in the group when one could start no more, or had started more
        /// than enough.
        processes: u64,
        /// Whether the kernel has refused one.
        refused: bool,
        /// Whether the program's own first process may start fewer than before.
        rlimit: bool,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let wanted = u64::from(random::within(4..14));
        let word = if case == Case::There { "there" } else { "gone" };
        let (mut running, groups) = start(program, &[&wanted.to_string(), word])?;
        let main = running.main();
        let limits = processes_allowed(main);
        let reply = running.go_on()?;
        let limit = groups.read("pids", "pids.max").and_then(|text| text.parse().ok());
        let rlimit = processes_allowed(main) != limits;
        let current = || count(&groups);
        let refused =
            || groups.read("pids", "pids.events").is_some_and(|text| !text.lines().any(|line| line == "max 0"));
        let run_ended = !lab::observe::process_exists(main);
        if case == Case::There && !run_ended {
            // Only now: what the given process starts before would be there when the limit comes.
            let first = groups.directories().iter().flat_map(|directory| groups.processes(directory)).next();
            if let Some(first) = first {
                let _ = nix::sys::signal::kill(Pid::from_raw(first), nix::sys::signal::Signal::SIGUSR1);
            }
            within_moments(|| refused() || current() >= GIVEN);
        }
        let (processes, refused) = (current(), refused());
        Ok(Observation { case, wanted, limit, processes, refused, rlimit, run: Run::end(running, reply) })
    }

    /// How many processes the given one tries to have, with itself.
    const GIVEN: u64 = 20;

    fn count(groups: &Groups) -> u64 {
        groups.read("pids", "pids.current").and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// RLIMIT_NPROC, as a line of /proc/PID/limits.
    fn processes_allowed(pid: i32) -> Option<String> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
        text.lines().find(|line| line.starts_with("Max processes")).map(ToString::to_string)
    }

    const LIMIT: &str = "the group may have so many processes";
    const REFUSED: &str = "the kernel refuses the next one, and allows all before it";
    const GONE: &str = "without a group it is an error that says so";

    /// One run for each case; only the first, if that ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let (there, last) = (&runs[0], &runs[runs.len() - 1]);
        let outcomes = vec![limit(there), refused(there), gone(last)];
        // Not of the one that is refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), [&there.run.printed])
    }

    fn limit(seen: &Observation) -> Outcome {
        let observed = seen.limit.map_or("no limit".into(), |limit| format!("pids.max is {limit}"));
        seen.run.outcome(LIMIT, seen.limit == Some(seen.wanted), &format!("pids.max is {}", seen.wanted), observed)
    }

    fn refused(seen: &Observation) -> Outcome {
        let more = if seen.refused { "the next was refused" } else { "none was refused" };
        let holds = seen.refused && seen.processes == seen.wanted;
        let expected = format!("{} processes, and the next is refused", seen.wanted);
        seen.run.outcome(REFUSED, holds, &expected, format!("{} processes, and {more}", seen.processes))
    }

    fn gone(seen: &Observation) -> Outcome {
        seen.run.refused(GONE, seen.case == Case::Gone, Ok(()))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [there, gone] = runs else { return None };
        if !there.run.alive || !gone.run.alive || there.run.reply != Reply::Ok {
            return None;
        }
        let limit = there.limit;
        match () {
            () if limit.is_none() && there.rlimit => Some(&OF_THE_USER),
            () if limit == Some(there.wanted + 1) || limit == Some(there.wanted - 1) => Some(&ONE_OFF),
            () if limit != Some(there.wanted) || !there.refused || there.processes != there.wanted => None,
            () if gone.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
