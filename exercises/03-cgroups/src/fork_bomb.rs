//! Exercise 3.5b: a limit that was hit.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "3.5b",
    name: "fork_bomb",
    title: "a limit that was hit",
    kind: Kind::Break,
    minutes: 20,
    difficulty: Difficulty::Medium,
    chapter: "03-cgroups",
    page: "03-cgroups/pids.md",
    shown_by: "",
    needs_cgroups: true,
    hints: &[
        "fork, again and again, until it fails: in a group with a limit that comes soon. Which \
         errno says that the limit was hit, and which of fork(2)'s errors would say something else?",
        "Each process that has ended, and was waited for, makes room for another. So the children \
         have to stay: what could they do that needs no time and never ends?",
        "nix::unistd::pause(), in the child, for ever: a child that returned from the function \
         would be a second program. In the parent given::fork(), until it is an error; \
         error.downcast_ref::<Errno>() is what the kernel said.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    THEY_END = Mistake::new("they-end",
        "Processes were started, and none of them is there any more.",
        "What has ended, and was waited for, doesn't count: it makes room for the next, and one \
         could go on like that for ever. A bomb's processes stay.");
    COUNTED = Mistake::new("counted",
        "Some processes were started, and then no more, before the limit.",
        "A bomb doesn't know the limit, and goes on until the kernel refuses. Only a refusal shows \
         that there is one.");
    REFUSAL_IS_THE_AIM = Mistake::new("refusal-is-the-aim",
        "The kernel refused a process, and the function returned that as an error.",
        "This time the refusal is what one is after: EAGAIN says that the limit holds. (Any other \
         error would be one.)");
    CLEANED_UP = Mistake::new("cleaned-up",
        "The limit was hit, and then the processes went away.",
        "A bomb takes what there is, and keeps it. What the others in the group then can do, can \
         only be seen while it is full.");
    ZOMBIES = Mistake::new("zombies",
        "The limit was hit, by processes that have ended.",
        "What has ended counts until somebody waits for it, so that is a way to fill a group. But \
         the kernel takes all of them back as soon as their parent waits, or ends. A bomb's \
         processes live: what could they do that needs no time and never ends?");
    CHILDREN_COME_BACK = Mistake::new("children-come-back",
        "The function has returned in its children, too.",
        "After a fork there are two who go on from there, in the same loop and then in whatever \
         comes after the function: the whole program, once more in each of them. fork's result says \
         who is the child.");
    ANY_ERROR = Mistake::new("any-error",
        "A process was refused for another reason than the limit, and the function said Ok.",
        "Here it was ENOMEM: the PID namespace that the children would have been in was dead. Then \
         nobody knows yet whether the limit holds. The error has the kernel's errno in it.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! How many processes there are, and what the kernel has refused.

    use std::fs;
    use std::time::Duration;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, random};

    use crate::groups::{Run, start, stat, time_used, until_hopeless, within_moments};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        // Twice, with different limits, or it would do to count.
        let runs =
            until_hopeless([Case::Limit, Case::Limit, Case::Dead], |case| observe(program, case), |seen| &seen.run)?;
        Ok(judge(&runs))
    }

    /// Why the kernel refuses a process, in the end.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        /// Because of the group's limit.
        Limit,
        /// Because the PID namespace for the children is dead: the first one, and with another
        /// error.
        Dead,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// The limit of the group that the program is in.
        most: u64,
        /// How many processes are counted in the group,
        processes: u64,
        /// and a while later,
        later: u64,
        /// of which so many live.
        living: u64,
        /// How many the kernel has refused because of the limit.
        refused: u64,
        /// Whether the limit is as it was.
        limit_kept: bool,
        /// Whether they have used processor time since the function returned.
        busy: bool,
        /// In how many others than the caller the function has returned, too.
        returned: usize,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let most = u64::from(random::within(12..40));
        let word = if case == Case::Limit { "limit" } else { "dead" };
        let (mut running, groups) = start(program, &[&most.to_string(), word])?;
        let main = running.main();
        let reply = running.go_on()?;
        let count = || groups.read("pids", "pids.current").and_then(|text| text.parse().ok()).unwrap_or_default();
        let processes = count();
        let directory = groups.directory("pids")?;
        let all = groups.processes(&directory);
        let time = time_used(&all);
        std::thread::sleep(Duration::from_millis(200));
        let all = groups.processes(&directory);
        let runs = |process: &i32| stat(*process).is_some_and(|fields| fields.starts_with('R'));
        // A tick or two are of what they did before. On a busy machine many may have less than a tick each;
        // but who has nothing to do doesn't stand in line.
        let busy = time_used(&all) > time + 2 || !within_moments(|| !all.iter().any(runs));
        let living = all.iter().filter(|process| stat(**process).is_some_and(|fields| !fields.starts_with(['Z', 'X'])));
        let others = all.iter().filter(|process| **process != main);
        Ok(Observation {
            case,
            most,
            processes,
            later: count(),
            living: living.count() as u64,
            refused: groups.count("pids", "pids.events", "pids.events", "max").unwrap_or_default(),
            limit_kept: groups.read("pids", "pids.max") == Some(most.to_string()),
            busy,
            returned: others.filter(|process| has_returned(**process)).count(),
            run: Run::end(running, reply),
        })
    }

    /// The program calls itself so when the function has returned, in whichever process.
    fn has_returned(process: i32) -> bool {
        fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "returned")
    }

    const REFUSED: &str = "the kernel has refused a process";
    const FULL: &str = "the group is as full as it may be, and stays so";
    const IDLE: &str = "its processes sleep";
    const KEPT: &str = "the limit is what it was";
    const RETURNED: &str = "the function returns when it is refused, and says Ok";
    const ALONE: &str = "it returns in its caller alone";
    const OTHERWISE: &str = "when a process is refused for another reason, it is an error that says so";

    /// Two runs with different limits, and one in which there is another reason; fewer, if one
    /// ended the program.
    fn judge(runs: &[Observation]) -> Judgement {
        let bombs = bombs(runs);
        let outcomes = vec![
            Outcome::first_failing(&bombs, |seen| refused(seen)),
            Outcome::first_failing(&bombs, |seen| full(seen)),
            Outcome::first_failing(&bombs, |seen| {
                let holds = seen.refused > 0 && !seen.busy;
                let observed = if seen.busy { "they use the processors" } else { "there is no bomb" };
                seen.run.outcome_whatever(IDLE, holds, "no processor time, once they are there", observed.into())
            }),
            Outcome::first_failing(&bombs, |seen| {
                let held = seen.limit_kept;
                seen.run.outcome_whatever(KEPT, held, "pids.max, as it was", "another one".into())
            }),
            Outcome::first_failing(&bombs, |seen| {
                let well = seen.run.alive && seen.run.reply == Reply::Ok && seen.refused > 0;
                Outcome::new(RETURNED, well, "Ok, after a refusal", seen.run.reply.in_words())
            }),
            Outcome::first_failing(&bombs, |seen| {
                let observed = format!("it has returned in {} others, too", seen.returned);
                seen.run.outcome_whatever(ALONE, seen.returned == 0, "one process comes back", observed)
            }),
            otherwise(&runs[runs.len() - 1]),
        ];
        // Not of the one that is refused: that the answer says so is right.
        Judgement::new(outcomes, mistake(runs), bombs.iter().map(|seen| &seen.run.printed))
    }

    fn bombs(runs: &[Observation]) -> Vec<&Observation> {
        runs.iter().filter(|seen| seen.case == Case::Limit).collect()
    }

    fn refused(seen: &Observation) -> Outcome {
        let observed = format!("none; {} processes are in the group, and {} may be", seen.processes, seen.most);
        seen.run.outcome_whatever(REFUSED, seen.refused > 0, "a count of them in pids.events", observed)
    }

    fn full(seen: &Observation) -> Outcome {
        let holds = [seen.processes, seen.later, seen.living] == [seen.most; 3];
        let mut observed = format!("{} processes, and {} a moment later", seen.processes, seen.later);
        if seen.living < seen.later {
            observed += &format!(", of which {} have ended", seen.later - seen.living);
        }
        seen.run.outcome_whatever(FULL, holds, &format!("{} processes", seen.most), observed)
    }

    fn otherwise(seen: &Observation) -> Outcome {
        seen.run.refused(OTHERWISE, seen.case == Case::Dead, Ok(()))
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        // It has to be the same both times: how far it came may be chance.
        let [near, far, dead] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive || !seen.limit_kept) {
            return None;
        }
        let all = |so: fn(&Observation) -> bool| so(near) && so(far);
        let ok = all(|seen| seen.run.reply == Reply::Ok);
        match () {
            () if ok && all(|seen| seen.refused == 0 && seen.later <= 2) => Some(&THEY_END),
            () if ok && all(|seen| seen.refused == 0) => Some(&COUNTED),
            () if all(|seen| seen.refused > 0 && matches!(seen.run.reply, Reply::Error(_))) => {
                Some(&REFUSAL_IS_THE_AIM)
            }
            () if ok && all(|seen| seen.refused > 0 && seen.later < seen.most) => Some(&CLEANED_UP),
            () if ok && all(|seen| seen.returned > 0) => Some(&CHILDREN_COME_BACK),
            () if ok && all(|seen| seen.refused > 0 && seen.living < seen.later) => Some(&ZOMBIES),
            () if !ok || !all(|seen| full(seen).difference.is_none() && seen.returned == 0 && !seen.busy) => None,
            () if dead.run.reply == Reply::Ok => Some(&ANY_ERROR),
            () => None,
        }
    }
}
