//! Exercise 6.5a: repair the order of exec's steps.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "6.5a",
    name: "exec_in",
    title: "repair the order of exec's steps",
    kind: Kind::Repair,
    minutes: 40,
    difficulty: Difficulty::Hard,
    chapter: "06-containers",
    page: "06-containers/exec.md",
    shown_by: "exec mydocker grep Cap /proc/self/status   # while another has run sh",
    needs_cgroups: false,
    hints: &[
        "The function has two bugs, and both are a wrong order of steps. \"observed\" shows the command's \
         namespaces and capabilities.",
        "setns(2) with CLONE_NEWPID affects only the caller's *next* children. And a process that joins a \
         user namespace gets all capabilities in it, even those that it had dropped before.",
        "In the child: call join, and fork once more. In the grandchild: call seal, and then exec. The \
         child waits for the grandchild, and ends with the same exit code.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    BOTH = Mistake::new("both",
        "The command is outside of the container's PID namespace, and has all capabilities.",
        "Both are caused by the order of the steps. A process that calls setns stays in its own PID \
         namespace; only its next children are in the new one. And joining a user namespace restores the \
         capabilities that seal has dropped.");
    POWERS_CAME_BACK = Mistake::new("powers-came-back",
        "The command is in the container, but has capabilities that the container doesn't have.",
        "A process that joins a user namespace gets all capabilities in it, including a full bounding set. \
         A hostile process in the container could attack the command and use them. So call seal last, after \
         the process has joined the user namespace.");
    OUTSIDE_PID = Mistake::new("outside-pid",
        "The command has the right capabilities, but isn't in the container's PID namespace.",
        "`ps` in the container doesn't show the command, and the command doesn't end with the container. \
         setns with CLONE_NEWPID affects only children, so fork after it.");
    CALLER_JOINED = Mistake::new("caller-joined",
        "The command is in the container, but so is the caller.",
        "A process that has joined the container's namespaces can't return. So make a child, and let the \
         child join them.");
    CODE_LOST = Mistake::new("code-lost",
        "The function didn't return the command's exit code.",
        "The process in between waits for the command and must end with the same code: call given::exit with \
         the result of given::wait.");
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
    const POWERS: &str = "the command has the container's capabilities, and no more";
    const CALLER: &str = "the caller's namespaces don't change";
    const CODE: &str = "the function returns the command's exit code";

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
            None => format!("the command didn't run; {}", seen.run.reply.in_words()),
            Some(kinds) => format!("it isn't in the container's {}", list(kinds)),
        };
        Outcome::new(NAMESPACES, apart.is_some_and(|kinds| kinds.is_empty()), "the same in /proc/PID/ns", observed)
    }

    fn powers(seen: &Observation) -> Outcome {
        let words = |sets: Capabilities| format!("CapEff is {:016x}, CapBnd is {:016x}", sets.effective, sets.bounding);
        let observed = seen.command.as_ref().map_or("the command didn't run".into(), |command| words(command.sets));
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
