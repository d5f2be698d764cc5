use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lab::{Lab, Limits, observe};

use crate::conversation::{Conversation, Reply};
use crate::output::Output;
use judgement::Blocked;

/// How long an answer may take to return.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the lab and what is given may take before.
const PATIENCE_BEFORE: Duration = Duration::from_secs(10);

/// What an answer may use: no exercise needs more, and a runaway one harms nobody.
const LIMITS: Limits = Limits { memory: Some(1 << 30), processes: Some(64) };

/// How often to see whether a silent program still lives.
const GLANCE: Duration = Duration::from_millis(50);

/// An exercise's program, built from one answer.
#[derive(Debug, Clone)]
pub struct Program {
    executable: PathBuf,
}

impl Program {
    pub fn new(executable: impl Into<PathBuf>) -> Program {
        Program { executable: executable.into() }
    }

    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Starts it in `lab` and waits until all that is given is done, so that the answer is called
    /// by the next [`Running::go_on`].
    pub fn start(&self, lab: Lab, arguments: &[&str]) -> Result<Running> {
        let (conversation, stdin) = Conversation::start()?;
        let (printed, stdout) = io::pipe().context("a pipe for what the program prints")?;
        let stderr = stdout.try_clone().context("a pipe for what the program prints")?;
        // The lab's own limit is for the case that this process is stopped; it comes after our patience.
        let mut command = lab
            .limits(LIMITS)
            .time_limit(PATIENCE_BEFORE + 2 * PATIENCE)
            .visible(&self.executable)
            .command(&self.executable);
        command.args(arguments).stdin(stdin).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
        // A learner's own settings make a panic's report longer than the report is about.
        command.env("RUST_BACKTRACE", "0");
        let child = command.spawn().context("starting the lab")?;
        // It holds our copies of the pipe's writing end and of the socket's other end.
        drop(command);

        let mut running =
            Running { child, conversation, output: Output::collect(printed), ended: None, init: 0, main: 0 };
        match running.hear(PATIENCE_BEFORE)? {
            Reply::Ready => {}
            reply => return Err(running.not_ready(reply)),
        }
        let outer = running.child.id() as i32;
        running.init = observe::lab_init(outer, GLANCE).context("finding the lab")?;
        running.main = observe::program(outer, GLANCE).context("finding the program in the lab")?;
        Ok(running)
    }
}

/// A program that runs in its lab. Dropped, it and everything in the lab are killed.
#[derive(Debug)]
pub struct Running {
    child: Child,
    conversation: Conversation,
    output: Output,
    ended: Option<i32>,
    init: i32,
    main: i32,
}

impl Running {
    /// The lab's PID 1, as numbered outside: who is in its namespaces is on the lab's host.
    pub fn init(&self) -> i32 {
        self.init
    }

    /// The program's first process, as numbered outside.
    pub fn main(&self) -> i32 {
        self.main
    }

    /// Lets the program call the answer, and waits until it has returned, or ended, or time is up.
    pub fn go_on(&mut self) -> Result<Reply> {
        self.call();
        self.wait_for_return(PATIENCE)
    }

    /// Lets the program call the answer, and doesn't wait: for answers that serve for as long as
    /// something runs.
    pub fn call(&self) {
        self.conversation.go_on();
    }

    /// Waits until the answer has returned, or the program has ended, or time is up.
    pub fn wait_for_return(&mut self, patience: Duration) -> Result<Reply> {
        match self.hear(patience)? {
            Reply::Blocked(why) => bail!(Blocked(why)),
            reply => Ok(reply),
        }
    }

    /// Kills everything in the lab. Returns what the program had printed.
    pub fn end(mut self) -> String {
        self.kill();
        self.output.take_text()
    }

    fn hear(&mut self, patience: Duration) -> Result<Reply> {
        let deadline = Instant::now() + patience;
        loop {
            // A process that an answer left behind keeps the socket open, so look at the program's end as well.
            if let Some(reply) = self.conversation.hear(deadline.min(Instant::now() + GLANCE)) {
                return Ok(reply);
            }
            // A program that has closed its end is "heard" at once, for as long as it runs.
            sleep(Duration::from_millis(1));
            // Seen to have ended in the round before: what it said last has been heard by now.
            if let Some(code) = self.ended {
                return Ok(Reply::Ended(code));
            }
            self.ended = self.child.try_wait().context("waiting for the lab")?.map(exit_code);
            if Instant::now() >= deadline {
                return Ok(Reply::Silence(patience));
            }
        }
    }

    fn not_ready(mut self, reply: Reply) -> anyhow::Error {
        self.kill();
        let printed = self.output.take_text();
        match reply {
            Reply::Blocked(why) => Blocked(why).into(),
            Reply::Ended(lab::CANNOT_ENTER) => Blocked(printed.trim().to_string()).into(),
            reply => anyhow::anyhow!("before the answer was called: {}\n{}", reply.in_words(), printed.trim()),
        }
    }

    fn kill(&mut self) {
        if self.ended.is_none() {
            // Its lab dies with it.
            let _ = self.child.kill();
            let _ = self.child.wait();
            self.ended = Some(137);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn exit_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}
