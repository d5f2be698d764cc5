//! Exercise 1.3a: PID 1 of a PID namespace.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "1.3a",
    name: "pid_one",
    title: "processes of its own, from number 1 on",
    kind: Kind::Build,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "01-namespaces",
    page: "01-namespaces/pid.md",
    shown_by: "run ps",
    needs_cgroups: false,
    hints: &[
        "Type `unshare --user --map-root-user --pid sh -c '/bin/echo one; /bin/echo two; exit'`, \
         and look at what the second echo gets. Who is in the new PID namespace: the shell, or what \
         it starts? What does `unshare --fork` do about it?",
        "A process never changes its own number, so unshare(CLONE_NEWPID) leaves the caller where \
         it is: it is the caller's next child that is born in the new namespace, as its number 1. \
         So two calls, unshare and fork; which one first?",
        "given::fork() returns what this function has to return: ForkResult::Parent { child } in \
         the one process, ForkResult::Child in the other. Hand it on as it is: waiting for the \
         child is up to the caller, who has things to do in between.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NO_NAMESPACE = Mistake::new("no-namespace",
        "There are two processes, and both are on the host.",
        "fork(2) alone makes a child in its parent's PID namespace. Nobody has asked for a new \
         one: that takes a flag, which is called after what the namespace holds, PIDs.");
    FORKED_FIRST = Mistake::new("forked-first",
        "The child was born on the host, and the namespace was made afterwards.",
        "A process keeps the number that it was born with, so a PID namespace is never for the \
         caller of unshare(2) but for the children that it has from then on. This child was there \
         already.");
    NEVER_FORKED = Mistake::new("never-forked",
        "A PID namespace was made, and nobody lives in it.",
        "unshare(CLONE_NEWPID) doesn't move its caller. It says where the next child will be born, \
         and there was none.");
    PID_ONE_ENDED = Mistake::new("pid-one-ended",
        "The first child, number 1, has ended.",
        "When PID 1 of a namespace ends, the kernel kills everyone else in it, and nothing can be \
         born there any more (fork: ENOMEM). The process that comes back from the function has to \
         be that first child.");
    FORKED_TWICE = Mistake::new("forked-twice",
        "The process that comes back is not the first one in its namespace.",
        "There was one fork more than is needed. The first child after unshare is number 1 \
         already, and it is the one whose end ends the container.");
    MADE_ANOTHER = Mistake::new("made-another",
        "The child is number 1, and what it starts is number 1 of yet another namespace.",
        "unshare was called once more, after the fork: code that stands behind fork runs in both \
         processes.");
    ANOTHER_USER_NAMESPACE = Mistake::new("another-user-namespace",
        "The caller has left its user namespace for another one.",
        "The user namespace is given: whoever calls this function is root in one already, and what \
         else that one owns (mounts, the network) is out of reach from a second. CLONE_NEWPID alone \
         is enough.");
    WAITS = Mistake::new("waits",
        "In the child the function has returned, in the parent it hasn't.",
        "The parent has things to do while the container runs (plug it into a network, say), so \
         waiting for it is up to the caller. Return what fork returned.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of a program's processes, after the answer has returned.

    use std::time::Duration;

    use anyhow::Result;
    use checker::namespaces::{Namespaces, besides, list};
    use checker::{Judgement, Outcome, Program, Reply};
    use lab::{Lab, observe};
    use nix::sys::signal::Signal;

    use checker::processes::{self, eventually, named};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&observe(program)?))
    }

    /// How long a child may take to come back from the function, after its parent has.
    const PATIENCE: Duration = Duration::from_millis(1000);

    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Whether the caller still runs.
        alive: bool,
        /// The kinds of namespaces that the caller has left.
        left: Vec<&'static str>,
        /// Processes that came back from the function as the child, the grandchildren that they
        /// started, and others.
        children: Vec<Process>,
        grandchildren: Vec<Process>,
        /// Children of the caller's that have ended, and that nobody has waited for.
        ended: usize,
        printed: String,
    }

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Process {
        /// Its parent is the caller.
        is_the_callers: bool,
        /// Its number in each PID namespace below the host's, the outermost first; none for a
        /// process on the host.
        numbers: Vec<i32>,
        /// Its PID namespace is another than the caller's.
        left_the_host: bool,
        /// Its PID namespace, as an inode number, and the one that its children get.
        namespace: Option<u64>,
        for_children: Option<u64>,
        /// The parent was told this one's number: the signal that it sent there has arrived here.
        is_known: bool,
    }

    fn observe(program: &Program) -> Result<Observation> {
        let mut running = program.start(Lab::new(), &[])?;
        let main = running.main();
        let before = Namespaces::read(main);

        let reply = running.go_on()?;

        // The parent says that it has returned, and its child may be on its way still.
        eventually(PATIENCE, || !observe::process_exists(main) || !named(main, "grandchild").is_empty());
        let after = Namespaces::read(main);
        let alive = observe::process_exists(main);
        let all = |name| named(main, name).into_iter().map(|pid| Process::observe(pid, main)).collect();
        Ok(Observation {
            reply,
            alive,
            left: if alive { before.left(&after) } else { Vec::new() },
            children: all("child"),
            grandchildren: all("grandchild"),
            ended: observe::children(main).into_iter().filter(|&pid| processes::is_zombie(pid)).count(),
            printed: running.end(),
        })
    }

    impl Process {
        fn observe(pid: i32, caller: i32) -> Process {
            let inode = |pid, kind| observe::namespace_inode(pid, kind).ok();
            let depth = observe::ns_pids(caller).map_or(0, |numbers| numbers.len());
            let numbers = observe::ns_pids(pid).unwrap_or_default();
            Process {
                is_the_callers: observe::children(caller).contains(&pid),
                numbers: numbers.get(depth..).unwrap_or_default().to_vec(),
                left_the_host: inode(pid, "pid") != inode(caller, "pid"),
                namespace: inode(pid, "pid"),
                for_children: inode(pid, "pid_for_children"),
                is_known: processes::is_pending(pid, Signal::SIGUSR1 as i32),
            }
        }
    }

    const BOTH: &str = "the function comes back twice: in the caller, and in a child of it";
    const PID_ONE: &str = "the child is number 1 of a PID namespace of its own";
    const FAMILY: &str = "what the child starts is in its namespace, too";
    const TOLD: &str = "the parent is told its child's number";
    const STAYS: &str = "the parent is where it was";

    fn judge(seen: &Observation) -> Judgement {
        let outcomes = vec![both(seen), pid_one(seen), family(seen), report(seen), stays(seen)];
        Judgement::new(outcomes, mistake(seen), [&seen.printed])
    }

    fn both(seen: &Observation) -> Outcome {
        let holds = returned(seen) && matches!(&seen.children[..], [child] if child.is_the_callers);
        let expected = "the caller returned, and one child of it";
        let observed = match &seen.children[..] {
            [] if seen.ended > 0 => "the caller has a child, which has ended".to_string(),
            [] => "no other process came back".to_string(),
            [child] if !child.is_the_callers => {
                "what came back is no child of the caller's but a grandchild".to_string()
            }
            [_] => "the child came back".to_string(),
            many => format!("{} processes came back as the child", many.len()),
        };
        Outcome::new(BOTH, holds, expected, with_return(seen, observed))
    }

    fn pid_one(seen: &Observation) -> Outcome {
        let holds = seen.alive && is_pid_one(seen);
        let observed = match &seen.children[..] {
            [] => "there is no child".to_string(),
            [child, ..] if !child.left_the_host => "the child is in the host's PID namespace".to_string(),
            [child, ..] => format!("from the host's namespace inwards, its numbers are {}", numbers(&child.numbers)),
        };
        let expected = "NSpid has one number more than the caller's, and it is 1";
        Outcome::new(PID_ONE, holds, expected, with_return(seen, observed))
    }

    fn is_pid_one(seen: &Observation) -> bool {
        matches!(&seen.children[..], [child] if child.numbers == [1])
    }

    fn family(seen: &Observation) -> Outcome {
        let holds = seen.alive
            && matches!((&seen.children[..], &seen.grandchildren[..]), ([child], [grandchild])
                if child.left_the_host && child.namespace.is_some() && grandchild.namespace == child.namespace);
        let observed = match (&seen.children[..], &seen.grandchildren[..]) {
            ([], _) => "there is no child".to_string(),
            (_, []) => "the child could start nothing".to_string(),
            ([child, ..], [grandchild, ..]) if grandchild.namespace == child.namespace => "both are on the host".into(),
            ([_, ..], [grandchild, ..]) => {
                format!("it is in another one; its numbers there are {}", numbers(&grandchild.numbers))
            }
        };
        Outcome::new(
            FAMILY,
            holds,
            "a process that the child forks is in the child's namespace",
            with_return(seen, observed),
        )
    }

    fn report(seen: &Observation) -> Outcome {
        let holds = seen.alive && matches!(&seen.children[..], [child] if child.is_known && child.is_the_callers);
        let observed = match &seen.children[..] {
            [] => "there is no child".to_string(),
            _ => "a signal to the number that the parent got didn't arrive at the child".to_string(),
        };
        let expected = "ForkResult::Parent { child }, with the number that the child has on the host";
        Outcome::new(TOLD, holds, expected, with_return(seen, observed))
    }

    fn stays(seen: &Observation) -> Outcome {
        // Where its children are to be born is the one thing that has to change.
        let others = besides(&seen.left, "pid_for_children");
        let holds = returned(seen) && others.is_empty();
        let expected = "the caller has left no namespace that it was in, and is alive";
        Outcome::new(STAYS, holds, expected, with_return(seen, format!("it has left: {}", list(&others))))
    }

    /// The caller came back, and is there.
    fn returned(seen: &Observation) -> bool {
        seen.alive && seen.reply == Reply::Ok
    }

    /// The mistake that fits everything that was seen.
    fn mistake(seen: &Observation) -> Option<&'static Mistake> {
        if !seen.alive {
            return None;
        }
        let made_one = seen.left.contains(&"pid_for_children");
        match (&seen.reply, &seen.children[..]) {
            (Reply::Silence(_), [_]) if is_pid_one(seen) => Some(&WAITS),
            (Reply::Ok, [_]) if is_pid_one(seen) && besides(&seen.left, "pid_for_children") == ["user"] => {
                Some(&ANOTHER_USER_NAMESPACE)
            }
            (Reply::Ok, [child]) => with_child(seen, made_one, child),
            (Reply::Ok, []) if made_one && seen.ended > 0 => Some(&PID_ONE_ENDED),
            (Reply::Ok, []) if made_one => Some(&NEVER_FORKED),
            _ => None,
        }
    }

    fn with_child(seen: &Observation, made_one: bool, child: &Process) -> Option<&'static Mistake> {
        let for_others = child.for_children != child.namespace;
        match child.numbers[..] {
            [] if made_one || for_others => Some(&FORKED_FIRST),
            [] => Some(&NO_NAMESPACE),
            [1] if for_others => Some(&MADE_ANOTHER),
            [number] if number > 1 && !child.is_the_callers && seen.left == ["pid_for_children"] => Some(&FORKED_TWICE),
            _ => None,
        }
    }

    fn numbers(numbers: &[i32]) -> String {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        numbers.join(", ")
    }

    /// What was seen, and what the function returned where that isn't Ok. Of a program that has
    /// ended, or that failed before there was a child, only the latter is worth saying.
    fn with_return(seen: &Observation, observed: String) -> String {
        match (&seen.reply, seen.alive) {
            (Reply::Ok, true) => observed,
            (reply, true) if !seen.children.is_empty() || seen.ended > 0 => format!("{observed}; {}", reply.in_words()),
            (reply, _) => reply.in_words(),
        }
    }
}
