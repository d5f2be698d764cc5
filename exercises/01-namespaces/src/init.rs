//! Exercise 1.3b: an init, which reaps and forwards.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "1.3b",
    name: "init",
    title: "a PID 1 that does its job",
    kind: Kind::Build,
    minutes: 60,
    difficulty: Difficulty::Hard,
    chapter: "01-namespaces",
    page: "01-namespaces/pid.md",
    shown_by: "run --init ps",
    needs_cgroups: false,
    hints: &[
        "Three things can happen while the command runs: an orphan ends, a signal comes, the \
         command ends. Which call tells a process of each of them? (All three are signals: SIGCHLD \
         is one.) So what would a loop look like that waits for any signal?",
        "given::fork(); in the child given::exec(command), and if that fails, print why and \
         given::exit(given::exit_code_for_error(&error).into()): a child must not return into its \
         parent's caller. In the parent: a nix SigSet with the signals you want to hear, blocked \
         (thread_block) before the fork, so that none is lost; its wait() then gives one at a time.",
        "On SIGCHLD: given::reap() again and again until it returns None, for several children may \
         share one SIGCHLD; if one of them was the command, return its code. On any other signal: \
         kill(child, signal).",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    IS_THE_COMMAND = Mistake::new("is-the-command",
        "The command itself is PID 1.",
        "exec without a fork before it turns this process into the command, and then nobody is \
         left to reap and to forward. The command has to be a child of the init.");
    ONLY_WAITS = Mistake::new("only-waits",
        "The init waits for its command, and for nothing else.",
        "waitpid(child) sleeps until that one child ends. Meanwhile orphans stay zombies, for \
         nobody asks for them, and signals are lost: PID 1 is spared those for which it has no \
         handler and which it doesn't block.");
    NEVER_REAPS = Mistake::new("never-reaps",
        "Orphans that have ended stay zombies.",
        "The kernel gives every orphan of the namespace to PID 1. waitpid with the command's \
         number asks for that one only; None asks for any child, also for those that one didn't \
         start.");
    ONE_A_SIGNAL = Mistake::new("one-a-signal",
        "Several orphans ended at once, and one of them was reaped.",
        "A signal is a flag, not a queue: while one SIGCHLD waits to be taken, others add nothing \
         to it. After each there may be several children to wait for: ask until there is none \
         (WNOHANG).");
    FORWARDS_NOTHING = Mistake::new("forwards-nothing",
        "Orphans are reaped, and signals go nowhere.",
        "What is sent to the container is sent to its PID 1, and the kernel spares PID 1 every \
         signal for which it has no handler and which it doesn't block. An init takes them and \
         sends each on to the command.");
    ONLY_TERM = Mistake::new("only-term",
        "TERM is forwarded, and another signal isn't.",
        "`docker kill --signal HUP` tells many servers to read their configuration again; INT, \
         USR1, USR2, QUIT mean something to others. An init doesn't know which: it hands on what it \
         gets.");
    KILLS = Mistake::new("kills",
        "Whatever is sent to the init, the command is killed by KILL.",
        "KILL can't be handled, so that the command can't tidy up, which is what TERM is for. Send \
         on the signal that came.");
    ALWAYS_TERM = Mistake::new("always-term",
        "Whatever is sent to the init, the command gets TERM.",
        "Other signals mean other things (HUP: read your configuration again). Send on the signal \
         that came.");
    WAITS_FOR_ALL = Mistake::new("waits-for-all",
        "The command has ended, and the init waits for everyone else.",
        "A container ends when its command does. What it has left running dies with PID 1; waiting \
         until there are no children (ECHILD) may take for ever.");
    ANY_CHILD = Mistake::new("any-child",
        "An orphan ended, and the init took it for the command.",
        "waitpid(None, …) returns whichever child has ended. Compare its number with the command's \
         before you return.");
    BARE_SIGNAL = Mistake::new("bare-signal",
        "The command was killed by signal 15, and 15 was returned.",
        "A command may exit with 15 as well. Shells and Docker add 128 to a signal's number, so \
         that the two can be told apart.");
    NO_CODE = Mistake::new("no-code",
        "Whatever becomes of the command, 0 is returned.",
        "Who runs the container wants to know how its command ended: waitpid's result has the exit \
         code, or the signal.");
    CAME_BACK_TWICE = Mistake::new("came-back-twice",
        "The command couldn't be started, and the child came back from the function as a second \
         process.",
        "After a fork there are two of everything below: a `?` in the child returns to the caller, \
         which then goes on twice, in the same container. A child that can't exec has to say why \
         and exit.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! What the kernel shows of an init and of what is below it, while the command runs and when it
    //! has ended.

    use std::time::Duration;

    use anyhow::Result;
    use checker::{Judgement, Outcome, Program, Reply, Running, random};
    use lab::{Lab, observe};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use checker::processes::{eventually, is_zombie, named};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        const OTHERS: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGUSR2];
        let code = || random::within(2..90) as i32;
        let signal = OTHERS[random::within(0..OTHERS.len() as u32) as usize];
        Ok(judge(&Runs {
            serving: serving(program)?,
            listening: listening(program, signal, code())?,
            leaving: leaving(program, code())?,
            missing: missing(program)?,
        }))
    }

    /// How long the command, or the init, may take for each thing.
    const PATIENCE: Duration = Duration::from_millis(2000);

    /// The command's orphans, see the program.
    const ORPHANS: usize = 3;

    /// What is seen in any run.
    #[derive(Debug, Clone)]
    struct Observation {
        reply: Reply,
        /// Which of the processes inside have come back from the function, by their number there.
        came_back: Vec<i32>,
        /// The command was seen to do what it was started for.
        began: bool,
        printed: String,
    }

    /// A command that leaves orphans and has no handlers. They end while the init is stopped, then
    /// the init gets TERM.
    #[derive(Debug, Clone)]
    struct Serving {
        seen: Observation,
        /// The command's number inside.
        number: Option<i32>,
        /// Orphans that were seen to live, and those that have ended and are still there.
        orphans: usize,
        zombies: usize,
        /// Before TERM was sent: the function had come back, and the command was still there.
        too_soon: bool,
        command_lived: bool,
    }

    /// A command that waits for `signal`, which the init gets, and ends with `code` then.
    #[derive(Debug, Clone)]
    struct Listening {
        seen: Observation,
        signal: Signal,
        code: i32,
    }

    /// A command that ends with `code` at once, while a process that it started lives on.
    #[derive(Debug, Clone)]
    struct Leaving {
        seen: Observation,
        code: i32,
        command_is_gone: bool,
        other_lives: bool,
    }

    struct Run {
        running: Running,
        began: bool,
    }

    fn serving(program: &Program) -> Result<Serving> {
        let run = Run::start(program, "serve", 0, "serving")?;
        let main = run.running.main();
        let command = named(main, "serving").first().copied();
        let number = command.and_then(number_inside);
        let orphans = || named(main, "orphan");
        let all_there = run.began && eventually(PATIENCE, || orphans().len() == ORPHANS);
        let seen = orphans().len();
        if all_there {
            // Stopped, it gets one SIGCHLD for all three. (From outside its namespace even PID 1 can be
            // stopped.)
            run.signal_init(Signal::SIGSTOP);
            // One is killed, the others end by themselves (see the program): the init has to tell both from its
            // command.
            for (number, orphan) in orphans().into_iter().enumerate() {
                let _ = kill(Pid::from_raw(orphan), if number == 1 { Signal::SIGKILL } else { Signal::SIGUSR1 });
            }
            eventually(PATIENCE, || orphans().into_iter().all(is_zombie));
            run.signal_init(Signal::SIGCONT);
            eventually(PATIENCE, || orphans().is_empty());
        }
        let zombies = orphans().into_iter().filter(|&orphan| is_zombie(orphan)).count();
        let too_soon = !run.came_back().is_empty();
        let command_lived = command.is_some_and(observe::process_exists);
        run.signal_init(Signal::SIGTERM);
        Ok(Serving { seen: run.end()?, number, orphans: seen, zombies, too_soon, command_lived })
    }

    fn listening(program: &Program, signal: Signal, code: i32) -> Result<Listening> {
        let run = Run::start(program, &format!("listen {}", signal as i32), code, "listening")?;
        run.signal_init(signal);
        Ok(Listening { seen: run.end()?, signal, code })
    }

    fn leaving(program: &Program, code: i32) -> Result<Leaving> {
        let mut run = Run::start(program, "leave", code, "left behind")?;
        let main = run.running.main();
        let reply = run.running.wait_for_return(PATIENCE)?;
        let other = named(main, "left behind");
        let is_other = |process: &i32| other.contains(process) || run.init() == Some(*process);
        let command_is_gone = observe::descendants(main).iter().all(|process| is_other(process) || is_zombie(*process));
        let other_lives = other.iter().any(|&process| observe::process_exists(process));
        Ok(Leaving { seen: Observation { reply, ..run.end()? }, code, command_is_gone, other_lives })
    }

    fn missing(program: &Program) -> Result<Observation> {
        Run::start(program, "missing", 0, "")?.end()
    }

    impl Run {
        /// Calls the answer, with a command that is to do `what` and calls itself `name` when it
        /// does.
        fn start(program: &Program, what: &str, code: i32, name: &str) -> Result<Run> {
            let running = program.start(Lab::new(), &[what, &code.to_string()])?;
            running.call();
            let main = running.main();
            let began = name.is_empty()
                || eventually(PATIENCE, || !named(main, name).is_empty() || !observe::process_exists(main));
            let began = began && (name.is_empty() || !named(main, name).is_empty());
            Ok(Run { running, began })
        }

        /// The process that called the answer: PID 1 of its namespace, as numbered here.
        fn init(&self) -> Option<i32> {
            observe::children(self.running.main()).first().copied()
        }

        fn signal_init(&self, signal: Signal) {
            if let Some(init) = self.init() {
                let _ = kill(Pid::from_raw(init), signal);
            }
        }

        fn came_back(&self) -> Vec<i32> {
            named(self.running.main(), "came back").into_iter().filter_map(number_inside).collect()
        }

        fn end(mut self) -> Result<Observation> {
            let reply = self.running.wait_for_return(PATIENCE)?;
            let came_back = self.came_back();
            Ok(Observation { reply, came_back, began: self.began, printed: self.running.end() })
        }
    }

    fn number_inside(pid: i32) -> Option<i32> {
        observe::ns_pids(pid).ok()?.pop()
    }

    const REAPED: &str = "orphans that have ended are gone, while the command runs on";
    const TERM: &str = "TERM ends a command without a handler; 128 + 15 is returned";
    const OTHERS: &str = "other signals reach the command, too; its exit code is returned";
    const ENDS: &str = "the command's end is the end, although something that it started lives on";
    const ONCE: &str = "if the command can't be started, that is said, and the caller alone comes back";

    /// Exit code of a process that was killed by TERM, as shells and Docker count.
    const BY_TERM: i32 = 128 + Signal::SIGTERM as i32;
    /// What the command of the second run ends with when another signal comes than the init got.
    const WRONG_SIGNAL: i32 = 98;
    /// And of a command that isn't there.
    const NOT_FOUND: i32 = 127;

    /// One run for each thing that an init has to do.
    #[derive(Debug, Clone)]
    struct Runs {
        serving: Serving,
        listening: Listening,
        leaving: Leaving,
        missing: Observation,
    }

    fn judge(runs: &Runs) -> Judgement {
        let outcomes = vec![
            reaped(&runs.serving),
            term(&runs.serving),
            others(&runs.listening),
            ends(&runs.leaving),
            once(&runs.missing),
        ];
        // Not of the command that isn't there: that the answer says so is right.
        let printed = [&runs.serving.seen, &runs.listening.seen, &runs.leaving.seen].map(|seen| &seen.printed);
        Judgement::new(outcomes, mistake(runs), printed)
    }

    fn reaped(serving: &Serving) -> Outcome {
        let seen = &serving.seen;
        let all_there = seen.began && serving.orphans == ORPHANS;
        let holds = all_there && serving.zombies == 0 && !serving.too_soon && serving.number != Some(1);
        let observed = match serving.zombies {
            _ if !seen.began => not_begun(seen),
            _ if !all_there => format!("{} orphans were seen alive", serving.orphans),
            0 if serving.too_soon && serving.command_lived => {
                "the function had returned while the command still ran".to_string()
            }
            0 if serving.too_soon => "the command had ended before anything was sent to it but CONT".to_string(),
            0 => "the command itself is PID 1".to_string(),
            some => format!("{some} of {ORPHANS} are zombies still (state Z), children of PID 1"),
        };
        let expected = format!("{ORPHANS} orphans end at once, and PID 1 waits for them all");
        Outcome::new(REAPED, holds, expected, observed)
    }

    fn term(serving: &Serving) -> Outcome {
        let seen = &serving.seen;
        let holds = seen.began && !serving.too_soon && seen.reply == Reply::Number(BY_TERM);
        let observed = match &seen.reply {
            _ if !seen.began => not_begun(seen),
            _ if serving.too_soon => "the function had returned before that".to_string(),
            Reply::Silence(_) => "PID 1 got TERM, and the command runs on".to_string(),
            reply => reply.in_words(),
        };
        Outcome::new(TERM, holds, format!("PID 1 gets TERM, and the function returns {BY_TERM}"), observed)
    }

    fn others(listening: &Listening) -> Outcome {
        let Listening { seen, signal, code } = listening;
        let holds = seen.began && seen.reply == Reply::Number(*code);
        let observed = match &seen.reply {
            _ if !seen.began => not_begun(seen),
            Reply::Silence(_) => format!("PID 1 got {signal}, and the command waits for it still"),
            Reply::Number(WRONG_SIGNAL) => format!("PID 1 got {signal}, and the command another one"),
            reply => reply.in_words(),
        };
        let expected = format!("PID 1 gets {signal}, the command takes it and ends with {code}, {code} is returned");
        Outcome::new(OTHERS, holds, expected, observed)
    }

    fn ends(leaving: &Leaving) -> Outcome {
        let Leaving { seen, code, command_is_gone, other_lives } = leaving;
        let holds = seen.reply == Reply::Number(*code);
        let observed = match &seen.reply {
            Reply::Silence(_) if *command_is_gone && *other_lives => {
                "the command has ended, and the function hasn't returned".to_string()
            }
            reply => reply.in_words(),
        };
        Outcome::new(ENDS, holds, format!("the command ends with {code}, and the function returns {code}"), observed)
    }

    fn once(seen: &Observation) -> Outcome {
        let silent = seen.reply == Reply::Number(NOT_FOUND) && seen.printed.trim().is_empty();
        let told = matches!(seen.reply, Reply::Number(NOT_FOUND) | Reply::Error(_)) && !silent;
        let holds = told && seen.came_back == [1];
        let others: Vec<i32> = seen.came_back.iter().copied().filter(|number| *number != 1).collect();
        let observed = match &others[..] {
            [] if silent => format!("{}, and nobody said why", seen.reply.in_words()),
            [] => seen.reply.in_words(),
            [number, ..] => format!("number {number} came back from the function, which was the child"),
        };
        Outcome::new(
            ONCE,
            holds,
            format!("PID 1 returns {NOT_FOUND}, and why is printed (or it is an error); nobody else returns"),
            observed,
        )
    }

    fn not_begun(seen: &Observation) -> String {
        match &seen.reply {
            Reply::Silence(_) => "the command was never seen to run".to_string(),
            reply => reply.in_words(),
        }
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &Runs) -> Option<&'static Mistake> {
        // Last, since it matters only where the command can't be started.
        let twice = runs.missing.came_back.iter().any(|number| *number != 1);
        while_it_serves(runs).or(twice.then_some(&CAME_BACK_TWICE))
    }

    fn while_it_serves(runs: &Runs) -> Option<&'static Mistake> {
        let Runs { serving, listening, leaving, .. } = runs;
        if !serving.seen.began || serving.orphans != ORPHANS {
            return None;
        }
        if serving.number == Some(1) {
            return Some(&IS_THE_COMMAND);
        }
        if serving.too_soon && serving.command_lived {
            // Orphans were killed, so what ended first can't have been the command.
            return Some(&ANY_CHILD).filter(|_| matches!(serving.seen.reply, Reply::Number(_)));
        }
        let deaf = matches!((&serving.seen.reply, &listening.seen.reply), (Reply::Silence(_), Reply::Silence(_)));
        match (serving.zombies, &serving.seen.reply) {
            (ORPHANS, _) if deaf => return Some(&ONLY_WAITS),
            (ORPHANS, Reply::Number(BY_TERM)) => return Some(&NEVER_REAPS),
            (1.., Reply::Number(BY_TERM)) => return Some(&ONE_A_SIGNAL),
            (0, _) if deaf => return Some(&FORWARDS_NOTHING),
            (0, _) => {}
            _ => return None,
        }
        after_reaping(&serving.seen.reply, listening, leaving)
    }

    fn after_reaping(term: &Reply, listening: &Listening, leaving: &Leaving) -> Option<&'static Mistake> {
        const BY_KILL: i32 = 128 + Signal::SIGKILL as i32;
        const TERMS_NUMBER: i32 = Signal::SIGTERM as i32;
        let waits_for_all = leaving.command_is_gone && leaving.other_lives;
        match (term, &listening.seen.reply, &leaving.seen.reply) {
            (Reply::Number(BY_TERM), Reply::Number(_), Reply::Silence(_)) if waits_for_all => Some(&WAITS_FOR_ALL),
            (Reply::Number(BY_KILL), Reply::Number(BY_KILL), _) => Some(&KILLS),
            (Reply::Number(BY_TERM), Reply::Number(WRONG_SIGNAL), _) => Some(&ALWAYS_TERM),
            (Reply::Number(TERMS_NUMBER), Reply::Number(code), _) if *code == listening.code => Some(&BARE_SIGNAL),
            (Reply::Number(0), Reply::Number(0), Reply::Number(0)) => Some(&NO_CODE),
            (Reply::Number(BY_TERM), Reply::Silence(_), _) => Some(&ONLY_TERM),
            _ => None,
        }
    }
}
