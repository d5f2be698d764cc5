//! Exercise 6.2: start a command in the background.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.2",
    name: "detached",
    title: "start a command in the background",
    kind: Kind::Build,
    minutes: 45,
    difficulty: Difficulty::Hard,
    chapter: "06-containers",
    page: "06-containers/shim.md",
    shown_by: "run -d --name boat sleep 60   # then: ps, stop boat, ps -a, rm boat",
    needs_cgroups: false,
    hints: &[
        "Only the command's parent can wait for it. So the parent must run as long as the command, and it \
         can't be your caller. Draw the three processes: caller, shim and command. Which process should be \
         the shim's parent in the end?",
        "If your child forks and ends, the grandchild becomes a child of PID 1. The caller waits for the \
         child, which ends at once. The grandchild is the shim. It calls setsid(2), opens /dev/null as 0, 1 \
         and 2, forks once more for the command, and calls given::wait.",
        "nix::unistd has setsid, dup2_stdin, dup2_stdout and dup2_stderr. The shim must end with \
         given::exit. If it returned, it would execute the caller's code. Write the status to a temporary \
         file, and rename it, so a reader sees a complete file or none.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    WAITS = Mistake::new("waits",
        "The function returns only when the command has ended.",
        "`run -d` prints an id and ends while the container runs. The shim must wait, not the caller.");
    NOBODY_WAITS = Mistake::new("nobody-waits",
        "The command runs in the background, but its exit status is lost.",
        "The command is an orphan. PID 1 reaps orphans and discards their status. The command's parent must \
         be a process of yours that waits for it.");
    A_CHILD_IS_LEFT = Mistake::new("a-child-is-left",
        "The caller still has a child, which runs or is a zombie.",
        "When this child ends, it stays a zombie until the caller waits for it. Fork twice, and wait for \
         the process in between, which ends at once.");
    OLD_SESSION = Mistake::new("old-session",
        "The shim is in its caller's session.",
        "If you press Ctrl-C or close that terminal, the shim gets a signal and ends, and the container's \
         status is lost. Use setsid(2).");
    HOLDS_STREAMS = Mistake::new("holds-streams",
        "The shim has its caller's stdin, stdout or stderr open.",
        "`id=$(mydocker run -d …)` reads until every writer has closed the pipe, so it would wait for the \
         container. Open /dev/null instead.");
    SIGNAL_LOST = Mistake::new("signal-lost",
        "For a command that was killed by a signal, the status is wrong.",
        "Like a shell, write 128 + N for signal N. given::wait already returns this number.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! The family of a command, and what is left of it.

    use std::fs;
    use std::time::Duration;

    use anyhow::Result;
    use checker::processes::{eventually, named, status};
    use checker::view::{new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::{Lab, observe};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::{Pid, getsid};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless([Case::Ends, Case::Killed], |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        Ends,
        /// By a signal.
        Killed,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        run: Run,
        /// While the command runs, after the function has returned; none of it where there is no
        /// command.
        runs: bool,
        /// Children of the caller's, dead or alive.
        children: usize,
        /// The command's parent is the lab's PID 1.
        orphan: bool,
        own_session: bool,
        /// Which of 0, 1, 2 of the shim aren't /dev/null.
        streams: Vec<i32>,
        expected: i32,
        /// What the file has at last.
        status: Option<String>,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let code = random::within(3..100) as i32;
        let mut running = program.start(Lab::new(), &[word(&place), &code.to_string()])?;
        let (init, main) = (running.init(), running.main());
        let maker = named(main, "maker").first().copied().unwrap_or(main);
        let reply = running.go_on()?;
        let commands = || named(init, "the command");
        eventually(Duration::from_secs(1), || !commands().is_empty());
        let command = commands().first().copied();
        let parent = command.and_then(|pid| status(pid, "PPid")).and_then(|pid| pid.parse::<i32>().ok());
        let session = |pid| getsid(Some(Pid::from_raw(pid))).ok();
        let shim = parent.unwrap_or(init);
        let open = observe::open_fds(shim).unwrap_or_default();
        let streams = (0..3).filter(|number| open.get(number).is_none_or(|file| !file.ends_with("null")));
        let mut seen = Observation {
            runs: command.is_some(),
            children: observe::children(maker).len(),
            orphan: parent == Some(init),
            own_session: session(shim).is_some() && session(shim) != session(maker),
            streams: streams.collect(),
            expected: if case == Case::Ends { code } else { 137 },
            status: None,
            run: Run { reply, alive: observe::process_exists(maker), printed: String::new() },
        };
        // It outlives its maker, or it doesn't.
        let _ = kill(Pid::from_raw(maker), Signal::SIGKILL);
        eventually(Duration::from_secs(1), || !observe::process_exists(maker));
        if let Some(command) = command {
            let signal = if case == Case::Ends { Signal::SIGUSR1 } else { Signal::SIGKILL };
            let _ = kill(Pid::from_raw(command), signal);
        }
        let read = || fs::read_to_string(path_of(init, place.join("status"))).ok().map(|text| text.trim().to_string());
        eventually(Duration::from_millis(700), || read().is_some_and(|text| !text.is_empty()));
        seen.status = read();
        seen.run.printed = running.end();
        Ok(seen)
    }

    const BACK: &str = "the function returns while the command runs, and its caller has no child left";
    const SHIM: &str = "the command's parent is a shim in a new session, with 0, 1 and 2 on /dev/null";
    const CODE: &str = "the exit code is in the file, even if the caller was killed";
    const SIGNAL: &str = "for a command that signal N killed, 128 + N is in the file";

    fn judge(runs: &[Observation]) -> Judgement {
        let (first, last) = (&runs[0], &runs[runs.len() - 1]);
        let outcomes = vec![back(first), shim(first), left(CODE, first), left(SIGNAL, last)];
        Judgement::new(outcomes, mistake(runs), runs.iter().map(|seen| &seen.run.printed))
    }

    fn back(seen: &Observation) -> Outcome {
        let observed =
            if seen.runs { format!("the caller has {} children", seen.children) } else { "no command runs".into() };
        seen.run.outcome(
            BACK,
            seen.runs && seen.children == 0,
            "the command runs, and the caller has no child",
            observed,
        )
    }

    fn shim(seen: &Observation) -> Outcome {
        let holds = seen.runs && !seen.orphan && seen.own_session && seen.streams.is_empty();
        let observed = match () {
            () if !seen.runs => "no command runs".to_string(),
            () if seen.orphan => "its parent is PID 1".to_string(),
            () if !seen.own_session => "the shim is in the caller's session".to_string(),
            () => format!("of the shim, {:?} isn't /dev/null", seen.streams),
        };
        seen.run.outcome(SHIM, holds, "the command's parent is a shim, whose parent is PID 1", observed)
    }

    fn left(claim: &'static str, seen: &Observation) -> Outcome {
        let expected = seen.expected.to_string();
        let observed = seen.status.clone().map_or("there is no file".into(), |text| format!("\"{text}\""));
        seen.run.outcome(claim, seen.status.as_ref() == Some(&expected), &expected, observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let first = &runs[0];
        let good = |seen: &Observation| seen.status == Some(seen.expected.to_string());
        if let (Reply::Silence(_), true) = (&first.run.reply, first.runs) {
            return Some(&WAITS);
        }
        let [ends, killed] = runs else { return None };
        if ends.run.reply != Reply::Ok || !ends.run.alive || !ends.runs {
            return None;
        }
        match () {
            () if ends.orphan && ends.status.is_none() => Some(&NOBODY_WAITS),
            () if ends.children > 0 => Some(&A_CHILD_IS_LEFT),
            () if !ends.own_session => Some(&OLD_SESSION),
            () if !ends.streams.is_empty() => Some(&HOLDS_STREAMS),
            () if good(ends) && !good(killed) => Some(&SIGNAL_LOST),
            () => None,
        }
    }
}
