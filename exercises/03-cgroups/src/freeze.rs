//! Exercise 3.6: halted, and going on.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.6",
    name: "freeze",
    title: "halted, and going on",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "03-cgroups",
    page: "03-cgroups/freeze.md",
    shown_by: "pause NAME",
    needs_cgroups: true,
    hints: &[
        "On v1 it is the controller freezer, with a file freezer.state, which takes FROZEN and \
         THAWED. On v2 every group has cgroup.freeze, which takes 1 and 0. But to write there is to \
         ask for it.",
        "Each process has to come to a point at which it can stand still, and the kernel doesn't \
         wait for that. v1: freezer.state, when read, says FREEZING until all of them have. v2: \
         there is a line \"frozen 1\" in cgroup.events when all have.",
        "So write, then read until it says what was asked for, with a millisecond's sleep between, \
         and give up after some seconds: a process that waits for a device can't be frozen before \
         it has it.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    OTHER_VERSION = crate::mistakes::OTHER_VERSION;
    ANOTHER_WORD = Mistake::new("another-word",
        "The kernel has the file, and doesn't know what was written to it: EINVAL.",
        "v1's freezer.state takes words, v2's cgroup.freeze takes numbers, and each refuses the \
         other's. group.version(\"freezer\") says which it is.");
    STOPPED = Mistake::new("stopped",
        "The processes were stopped by a signal, and the group isn't frozen.",
        "SIGSTOP is seen by their parents, which may act on it, and whoever may signal them can \
         send SIGCONT. A frozen process notices nothing, and nobody in the container can wake it.");
    NEVER_WAITED = Mistake::new("never-waited",
        "When the function returned, some of the processes were still running.",
        "To write FROZEN, or 1, only asks for it. Each process has to come to a point at which it \
         can stand still, and that takes a moment. Whoever copies a container's files after that \
         needs it to be so. The state can be read.");
    FOR_EVER = Mistake::new("for-ever",
        "What was frozen doesn't go on.",
        "The function has a second argument: it says which of the two is asked for. On v1 the \
         words are FROZEN and THAWED, on v2 1 and 0.");
    WAITS_FOR_EVER = Mistake::new("waits-for-ever",
        "A group that can't go on, since the one that it is in is frozen: the function doesn't \
         return.",
        "What was asked for needn't ever become so: another group holds this one, or a process \
         waits for a device that doesn't answer. Whoever waits should know how long, and then say \
         what didn't become so.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "There was no group, and the function returned Ok.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! Whether the processes of a group run.

    use std::fs;
    use std::thread::sleep;
    use std::time::Duration;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply};
    use nix::errno::Errno;

    use crate::groups::{Groups, Run, start, stat, time_used, unjudged, until_hopeless, within_moments};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let runs = until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs).without(unjudged("freezer")))
    }

    /// What is asked for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// To freeze many that are busy.
        Freeze,
        /// To let them go on.
        Thaw,
        /// To freeze, and there is no group.
        Gone,
        /// To let a group go on that stays frozen, since the one that it is in is.
        Held,
    }

    impl Case {
        const ALL: [Case; 4] = [Case::Freeze, Case::Thaw, Case::Gone, Case::Held];

        fn word(self) -> &'static str {
            match self {
                Case::Freeze => "freeze",
                Case::Thaw => "thaw",
                Case::Gone => "gone",
                Case::Held => "held",
            }
        }
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// As the kernel says it, at the moment when the function returned; each time, if it was
        /// called several times.
        frozen: bool,
        /// And a while later.
        frozen_later: bool,
        /// Whether they have used time after that.
        busy: bool,
        /// Whether all of them live.
        alive: bool,
        /// Whether one was stopped, by a signal.
        stopped: bool,
    }

    /// On v1 nothing frozen can be killed, and nothing of a lab's is to stay.
    struct Thawed<'a>(&'a Groups);

    impl Drop for Thawed<'_> {
        fn drop(&mut self) {
            for directory in self.0.directories() {
                let _ = fs::write(self.0.seen(&directory).join("freezer.state"), "THAWED");
            }
        }
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let (mut running, groups) = start(program, &[case.word()])?;
        let thawed = Thawed(&groups);
        let directory = groups.directories();
        let processes = directory.first().map(|directory| groups.processes(directory)).unwrap_or_default();
        let reply = running.go_on()?;
        // What the program saw when the function returned; whether it is true at all, is seen from here.
        let (reply, then) = match reply {
            Reply::Number(number) => (Reply::Ok, number == 1),
            reply => (reply, false),
        };
        let frozen = is_frozen(&groups) && (then || case != Case::Freeze);
        sleep(Duration::from_millis(150));
        let frozen_later = is_frozen(&groups);
        let before = time_used(&processes);
        let grew = || time_used(&processes) > before;
        let busy = match case {
            Case::Gone | Case::Held => false,
            Case::Thaw => within_moments(grew),
            _ => {
                sleep(Duration::from_millis(250));
                grew()
            }
        };
        let alive = !processes.is_empty() && processes.iter().all(|process| lab::observe::process_exists(*process));
        let stopped =
            processes.iter().any(|process| stat(*process).is_some_and(|fields| fields.starts_with(['T', 't'])));
        drop(thawed);
        Ok(Observation { case, frozen, frozen_later, busy, alive, stopped, run: Run::end(running, reply) })
    }

    fn is_frozen(groups: &Groups) -> bool {
        match groups.either("freezer", "freezer.state", "cgroup.events") {
            Some(text) => text == "FROZEN" || text.lines().any(|line| line == "frozen 1"),
            None => false,
        }
    }

    const FROZEN: &str = "every process in the group stands still";
    const WAITED: &str = "and that is so when the function returns";
    const ALIVE: &str = "they are alive, and frozen rather than stopped by a signal";
    const THAWED: &str = "asked to, they go on";
    const GONE: &str = "without a group it is an error that says so";
    const HELD: &str = "and what doesn't become so is one, too, soon";

    /// One run for each case; fewer, if one ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let [freeze, thaw, gone, held] = Case::ALL.map(|case| run_of(runs, case));
        let outcomes = vec![
            frozen(freeze),
            waited(freeze),
            alive(freeze),
            thawed(thaw),
            refused(GONE, gone, Case::Gone),
            refused(HELD, held, Case::Held),
        ];
        // Not of those that are refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), [&freeze.run.printed, &thaw.run.printed])
    }

    /// It may never have come to that: then what came of the last run is what there is to say.
    fn run_of(runs: &[Observation], case: Case) -> &Observation {
        runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1])
    }

    fn in_words(seen: &Observation) -> String {
        let state = if seen.frozen_later { "the group is frozen" } else { "the group isn't frozen" };
        let time = if seen.busy { "its processes use processor time" } else { "its processes use no time" };
        format!("{state}; {time}")
    }

    fn frozen(seen: &Observation) -> Outcome {
        let holds = seen.case == Case::Freeze && seen.frozen_later && !seen.busy;
        seen.run.outcome(FROZEN, holds, "the group is frozen; its processes use no time", in_words(seen))
    }

    fn waited(seen: &Observation) -> Outcome {
        let observed = if seen.frozen_later { "it became so a moment later" } else { "it isn't frozen" };
        let holds = seen.case == Case::Freeze && seen.frozen;
        seen.run.outcome(WAITED, holds, "frozen at that moment", observed.into())
    }

    fn alive(seen: &Observation) -> Outcome {
        let observed = if seen.stopped { "one was stopped by a signal" } else { "one has ended" };
        seen.run.outcome(
            ALIVE,
            seen.alive && !seen.stopped,
            "all of them live, and none has the state T",
            observed.into(),
        )
    }

    fn thawed(seen: &Observation) -> Outcome {
        let holds = seen.case == Case::Thaw && !seen.frozen && !seen.frozen_later && seen.busy && seen.alive;
        seen.run.outcome(THAWED, holds, "the group isn't frozen; its processes use processor time", in_words(seen))
    }

    fn refused(claim: &'static str, seen: &Observation, case: Case) -> Outcome {
        seen.run.refused(claim, seen.case == case, Ok(()))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        if runs.len() < Case::ALL.len() || runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let [freeze, thaw, gone, held] = Case::ALL.map(|case| run_of(runs, case));
        match () {
            () if !freeze.frozen_later && freeze.run.missed_a_file() => Some(&OTHER_VERSION),
            () if !freeze.frozen_later && freeze.run.reply.has_errno(Errno::EINVAL) => Some(&ANOTHER_WORD),
            () if freeze.run.reply != Reply::Ok => None,
            () if freeze.stopped && !freeze.frozen_later => Some(&STOPPED),
            () if !freeze.alive || freeze.stopped => None,
            () if !freeze.frozen_later || freeze.busy => None,
            () if !freeze.frozen => Some(&NEVER_WAITED),
            () if thaw.run.reply == Reply::Ok && thaw.frozen_later => Some(&FOR_EVER),
            () if thaw.run.reply != Reply::Ok || !thaw.busy || thaw.frozen => None,
            () if gone.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () if gone.run.reply != held.run.reply && matches!(held.run.reply, Reply::Silence(_)) => {
                Some(&WAITS_FOR_EVER)
            }
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
            let run = |reply| Run { reply, alive: true, printed: String::new() };
            let frozen = case == Case::Freeze;
            let refused = matches!(case, Case::Gone | Case::Held);
            let reply = if refused { refusal } else { Reply::Ok };
            let (alive, stopped) = (!refused, false);
            Observation {
                case,
                run: run(reply),
                frozen,
                frozen_later: frozen,
                busy: case == Case::Thaw,
                alive,
                stopped,
            }
        }

        fn judged(case: Case, change: impl Fn(&mut Observation)) -> (Vec<&'static str>, Option<&'static str>) {
            let mut runs = Case::ALL.map(right);
            runs.iter_mut().filter(|seen| seen.case == case).for_each(change);
            let judgement = judge(&runs);
            let failed = judgement.outcomes.iter().filter(|outcome| outcome.difference.is_some());
            (failed.map(|outcome| outcome.claim).collect(), judgement.mistake.map(|mistake| mistake.id))
        }

        #[test]
        fn what_is_of_the_other_version_is_told_apart() {
            let refused = |errno: &'static str| {
                move |seen: &mut Observation| {
                    seen.run.reply = Reply::Error(vec!["writing".into(), errno.into()]);
                    (seen.frozen, seen.frozen_later) = (false, false);
                }
            };
            let all = vec![FROZEN, WAITED, ALIVE];
            let file = judged(Case::Freeze, refused("Permission denied (os error 13)"));
            assert_eq!(file, (all.clone(), Some("other-version")));
            let word = judged(Case::Freeze, refused("Invalid argument (os error 22)"));
            assert_eq!(word, (all, Some("another-word")));
        }
    }
}
