//! What the kernel shows of an init and of what is below it, while the command runs and when it has ended.

use std::time::Duration;

use anyhow::Result;
use checker::{Heard, Program, Running};
use lab::{Lab, look};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::processes::{eventually, is_zombie, named};

/// How long the command, or the init, may take for each thing.
const PATIENCE: Duration = Duration::from_millis(2000);

/// The command's orphans, see the program.
pub const ORPHANS: usize = 3;

/// What is seen in any run.
#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Which of the processes inside have come back from the function, by their number there.
    pub came_back: Vec<i32>,
    /// The command was seen to do what it was started for.
    pub began: bool,
    pub printed: String,
}

/// A command that leaves orphans and has no handlers. They end while the init is stopped, then the init gets TERM.
#[derive(Debug, Clone)]
pub struct Serving {
    pub seen: Seen,
    /// The command's number inside.
    pub number: Option<i32>,
    /// Orphans that were seen to live, and those that have ended and are still there.
    pub orphans: usize,
    pub zombies: usize,
    /// Before TERM was sent: the function had come back, and the command was still there.
    pub too_soon: bool,
    pub command_lived: bool,
}

/// A command that waits for `signal`, which the init gets, and ends with `code` then.
#[derive(Debug, Clone)]
pub struct Listening {
    pub seen: Seen,
    pub signal: Signal,
    pub code: i32,
}

/// A command that ends with `code` at once, while a process that it started lives on.
#[derive(Debug, Clone)]
pub struct Leaving {
    pub seen: Seen,
    pub code: i32,
    pub command_is_gone: bool,
    pub other_lives: bool,
}

struct Run {
    running: Running,
    began: bool,
}

pub fn serving(program: &Program) -> Result<Serving> {
    let run = Run::start(program, "serve", 0, "serving")?;
    let main = run.running.main();
    let command = named(main, "serving").first().copied();
    let number = command.and_then(number_inside);
    let orphans = || named(main, "orphan");
    let all_there = run.began && eventually(PATIENCE, || orphans().len() == ORPHANS);
    let seen = orphans().len();
    if all_there {
        // Stopped, it gets one SIGCHLD for all three. (From outside its namespace even PID 1 can be stopped.)
        run.signal_init(Signal::SIGSTOP);
        // One is killed, the others end by themselves (see the program): the init has to tell both from its command.
        for (number, orphan) in orphans().into_iter().enumerate() {
            let _ = kill(Pid::from_raw(orphan), if number == 1 { Signal::SIGKILL } else { Signal::SIGUSR1 });
        }
        eventually(PATIENCE, || orphans().into_iter().all(is_zombie));
        run.signal_init(Signal::SIGCONT);
        eventually(PATIENCE, || orphans().is_empty());
    }
    let zombies = orphans().into_iter().filter(|&orphan| is_zombie(orphan)).count();
    let too_soon = !run.came_back().is_empty();
    let command_lived = command.is_some_and(look::process_exists);
    run.signal_init(Signal::SIGTERM);
    Ok(Serving { seen: run.end()?, number, orphans: seen, zombies, too_soon, command_lived })
}

pub fn listening(program: &Program, signal: Signal, code: i32) -> Result<Listening> {
    let run = Run::start(program, &format!("listen {}", signal as i32), code, "listening")?;
    run.signal_init(signal);
    Ok(Listening { seen: run.end()?, signal, code })
}

pub fn leaving(program: &Program, code: i32) -> Result<Leaving> {
    let mut run = Run::start(program, "leave", code, "left behind")?;
    let main = run.running.main();
    let heard = run.running.wait_for_return(PATIENCE)?;
    let other = named(main, "left behind");
    let is_other = |process: &i32| other.contains(process) || run.init() == Some(*process);
    let command_is_gone = look::descendants(main).iter().all(|process| is_other(process) || is_zombie(*process));
    let other_lives = other.iter().any(|&process| look::process_exists(process));
    Ok(Leaving { seen: Seen { heard, ..run.end()? }, code, command_is_gone, other_lives })
}

pub fn missing(program: &Program) -> Result<Seen> {
    Run::start(program, "missing", 0, "")?.end()
}

impl Run {
    /// Calls the answer, with a command that is to do `what` and calls itself `name` when it does.
    fn start(program: &Program, what: &str, code: i32, name: &str) -> Result<Run> {
        let running = program.start(Lab::new(), &[what, &code.to_string()])?;
        running.call();
        let main = running.main();
        let began =
            name.is_empty() || eventually(PATIENCE, || !named(main, name).is_empty() || !look::process_exists(main));
        let began = began && (name.is_empty() || !named(main, name).is_empty());
        Ok(Run { running, began })
    }

    /// The process that called the answer: PID 1 of its namespace, as numbered here.
    fn init(&self) -> Option<i32> {
        look::children(self.running.main()).first().copied()
    }

    fn signal_init(&self, signal: Signal) {
        if let Some(init) = self.init() {
            let _ = kill(Pid::from_raw(init), signal);
        }
    }

    fn came_back(&self) -> Vec<i32> {
        named(self.running.main(), "came back").into_iter().filter_map(number_inside).collect()
    }

    fn end(mut self) -> Result<Seen> {
        let heard = self.running.wait_for_return(PATIENCE)?;
        let came_back = self.came_back();
        Ok(Seen { heard, came_back, began: self.began, printed: self.running.end() })
    }
}

fn number_inside(pid: i32) -> Option<i32> {
    look::ns_pids(pid).ok()?.pop()
}
