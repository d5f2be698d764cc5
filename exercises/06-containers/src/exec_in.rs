//! Exercise 6.5a: exec, the right way round.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.5a",
    name: "exec_in",
    title: "exec, the right way round",
    kind: Kind::Repair,
    minutes: 40,
    difficulty: Difficulty::Hard,
    chapter: "06-containers",
    page: "06-containers/exec.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Two things are wrong with the command, and both are a question of order. \"observed\" has \
         its PID namespace, and its capabilities, beside the container's.",
        "setns(2) with CLONE_NEWPID changes where the caller's *next* child is born. And whoever \
         joins a user namespace gets every capability in it, whatever was taken from it before.",
        "Three steps in the child: setns; fork once more; and in the grandchild seal, then exec. \
         The child in between waits for it, and ends with its code.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    BOTH = Mistake::new("both",
        "The command is outside of the container's PID namespace, and has all capabilities.",
        "Both are a question of order. A process that calls setns keeps its own number: the PID \
         namespace is for its next child. And joining a user namespace gives back what seal had \
         taken.");
    POWERS_CAME_BACK = Mistake::new("powers-came-back",
        "The command is in the container, and has capabilities that the container doesn't have.",
        "They were taken away (or nobody took them), and then the process joined a user namespace: \
         that gives every capability in it, the bounding set included. Whoever in the container \
         reaches this process has them, too. What takes powers away comes last.");
    OUTSIDE_PID = Mistake::new("outside-pid",
        "The command has lost its powers, and is in none of the container's process numbers.",
        "`ps` in the container doesn't show it, and it doesn't end with it. setns with CLONE_NEWPID \
         is for children: there has to be a fork behind it.");
    CALLER_JOINED = Mistake::new("caller-joined",
        "The command is right, and the caller has gone into the container with it.",
        "Between the two is a process too few: the one that joins can't come back.");
    CODE_LOST = Mistake::new("code-lost",
        "The command's exit code didn't arrive.",
        "The process in between waits for the command, and has to end as it did: given::exit with \
         what given::wait returned.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! The command, the container, and the caller, side by side.

    use std::time::Duration;

    use anyhow::{Context, Result};
    use checker::namespaces::{Namespaces, list};
    use checker::processes::{eventually, named};
    use checker::{Judgement, Outcome, Program, Reply, Run, random};
    use lab::Lab;
    use lab::observe::{self, Capabilities, capabilities};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&observe(program)?))
    }

    #[derive(Debug, Clone)]
    struct Observation {
        run: Run,
        /// The exit code that the command ends with.
        code: i32,
        command: Option<Process>,
        container: Process,
        /// The kinds of namespaces that the caller has left.
        left: Vec<&'static str>,
    }

    #[derive(Debug, Clone)]
    struct Process {
        namespaces: Vec<(&'static str, Option<u64>)>,
        sets: Capabilities,
    }

    impl Process {
        fn read(pid: i32) -> Option<Process> {
            let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
            let namespaces = kinds.map(|kind| (kind, observe::namespace_inode(pid, kind).ok())).to_vec();
            Some(Process { namespaces, sets: capabilities(pid).ok()? })
        }

        fn differs(&self, other: &Process) -> Vec<&'static str> {
            let pairs = self.namespaces.iter().zip(&other.namespaces);
            pairs.filter(|(one, other)| one != other).map(|((kind, _), _)| *kind).collect()
        }
    }

    fn observe(program: &Program) -> Result<Observation> {
        let code = random::within(3..100) as i32;
        let kept = random::within(1..u32::MAX);
        let mut running = program.start(Lab::new(), &[&code.to_string(), &kept.to_string()])?;
        let main = running.main();
        let container = named(main, "container").first().copied().and_then(Process::read).context("the container")?;
        let before = Namespaces::read(main);
        running.call();
        let commands = || named(running.init(), "the command");
        eventually(Duration::from_secs(2), || !observe::process_exists(main) || !commands().is_empty());
        let command = commands().first().copied();
        let seen = command.and_then(Process::read);
        let left = before.left(&Namespaces::read(main));
        if let Some(command) = command {
            let _ = kill(Pid::from_raw(command), Signal::SIGUSR1);
        }
        // It has returned already if there is no command.
        let reply = running.wait_for_return(Duration::from_secs(2))?;
        Ok(Observation { code, command: seen, container, left, run: Run::end(running, reply) })
    }

    const NAMESPACES: &str = "the command is in all of the container's namespaces";
    const POWERS: &str = "it has the container's capabilities, and no more";
    const CALLER: &str = "the caller is where it was";
    const CODE: &str = "its exit code is returned";

    fn judge(seen: &Observation) -> Judgement {
        let outcomes = vec![namespaces(seen), powers(seen), caller(seen), code(seen)];
        Judgement::new(outcomes, mistake(seen), [&seen.run.printed])
    }

    impl Observation {
        fn apart(&self) -> Option<Vec<&'static str>> {
            self.command.as_ref().map(|command| command.differs(&self.container))
        }

        fn same_powers(&self) -> bool {
            self.command.as_ref().is_some_and(|command| {
                command.sets.bounding == self.container.sets.bounding
                    && command.sets.effective == self.container.sets.effective
            })
        }
    }

    fn namespaces(seen: &Observation) -> Outcome {
        let apart = seen.apart();
        let observed = match &apart {
            None => format!("there was no command; {}", seen.run.reply.in_words()),
            Some(kinds) => format!("it isn't in the container's {}", list(kinds)),
        };
        Outcome::new(NAMESPACES, apart.is_some_and(|kinds| kinds.is_empty()), "the same in /proc/PID/ns", observed)
    }

    fn powers(seen: &Observation) -> Outcome {
        let words = |sets: Capabilities| format!("CapEff is {:016x}, CapBnd is {:016x}", sets.effective, sets.bounding);
        let observed = seen.command.as_ref().map_or("there was no command".into(), |command| words(command.sets));
        Outcome::new(POWERS, seen.same_powers(), words(seen.container.sets), observed)
    }

    fn caller(seen: &Observation) -> Outcome {
        let observed =
            if seen.run.alive { format!("it has left: {}", list(&seen.left)) } else { seen.run.reply.in_words() };
        Outcome::new(CALLER, seen.run.alive && seen.left.is_empty(), "it has left no namespace", observed)
    }

    fn code(seen: &Observation) -> Outcome {
        let holds = seen.run.reply == Reply::Number(seen.code);
        Outcome::new(CODE, holds, format!("the function returns {}", seen.code), seen.run.reply.in_words())
    }

    /// The mistake that fits everything that was seen.
    fn mistake(seen: &Observation) -> Option<&'static Mistake> {
        let apart = seen.apart()?;
        if !seen.run.alive {
            return None;
        }
        let returned = seen.run.reply == Reply::Number(seen.code);
        let (inside, only_pid) = (apart.is_empty(), apart == ["pid"]);
        match () {
            () if !seen.left.is_empty() && inside && seen.same_powers() => Some(&CALLER_JOINED),
            () if !seen.left.is_empty() => None,
            () if only_pid && !seen.same_powers() => Some(&BOTH),
            () if only_pid => Some(&OUTSIDE_PID),
            () if inside && !seen.same_powers() => Some(&POWERS_CAME_BACK),
            () if inside && !returned => Some(&CODE_LOST),
            () => None,
        }
    }
}
