//! A machine's life: started, watched, and gone with all its processes whatever happens.

use std::fs;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};

use crate::directory::Directory;
use crate::streams::{News, Output, Which, connect};
use crate::sys;

/// The status when the time limit was reached, as with timeout(1).
pub const TIME_IS_UP: i32 = 124;

/// A kernel takes 10 s to boot under emulation, several times that when the machine is busy.
const BOOT_LIMIT: Duration = Duration::from_secs(240);

/// How often the machine is looked at.
const TICK: u16 = 20;

/// How long the streams of a dead machine may take to end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What happens to the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// They are the caller's.
    Passed,
    /// No stdin; stdout and stderr are kept.
    Kept,
    /// The terminal is the guest's.
    AtTerminal,
}

/// A machine to be started.
pub(crate) struct Job<'a> {
    pub virtme: Command,
    pub directory: &'a Directory,
    pub time_limit: Option<Duration>,
}

/// Why the machine was ended before its time.
enum Cut {
    Signal(Signal),
    TimeIsUp,
    NobodyReads,
    DidNotBoot,
}

impl Job<'_> {
    pub fn run(mut self, manner: Manner) -> Result<Output> {
        let own = std::io::stdin();
        ensure!(
            manner != Manner::AtTerminal || (own.is_terminal() && std::io::stdout().is_terminal()),
            "a shell needs a terminal at stdin and stdout; without one, give the command: cargo wb vm -- COMMAND"
        );
        let settings = (manner == Manner::AtTerminal).then(|| tcgetattr(&own).ok()).flatten();
        // Blocked before there are threads, which would get them otherwise.
        let signals = Signals::block().context("block signals")?;
        self.lay_streams(manner);
        let mut child = sys::dies_with_us(&mut self.virtme).spawn().context("start python3 with virtme-ng")?;
        let (news, open) = connect(&mut child, manner);
        let (cut, mut kept) = self.watch(&mut child, &signals, &news, open);
        if cut.is_some() {
            let _ = child.kill();
        }
        let ended = child.wait();
        kept.wait_for_the_rest(&news, LAST_WORDS);
        if let Some(settings) = settings {
            let _ = tcsetattr(&own, SetArg::TCSADRAIN, &settings);
        }
        let status = match cut {
            Some(Cut::Signal(signal)) => 128 + signal as i32,
            Some(Cut::NobodyReads) => 128 + Signal::SIGPIPE as i32,
            Some(Cut::TimeIsUp) => {
                let limit = self.time_limit.unwrap_or_default().as_secs_f64();
                eprintln!("vm: time is up: the machine was ended after {limit} s");
                TIME_IS_UP
            }
            Some(Cut::DidNotBoot) => {
                bail!("the machine didn't get to the command within {} s{}", BOOT_LIMIT.as_secs(), kept.console_text())
            }
            None => match self.status_from_guest() {
                Some(status) => status,
                None => bail!(
                    "the machine ended before the command did (virtme-ng: {}){}",
                    ended.map_or_else(|error| error.to_string(), |status| status.to_string()),
                    kept.console_text()
                ),
            },
        };
        Ok(Output { status, stdout: kept.stdout, stderr: kept.stderr })
    }

    fn lay_streams(&mut self, manner: Manner) {
        let virtme = &mut self.virtme;
        match manner {
            Manner::Passed => virtme.stdin(Stdio::piped()).stdout(Stdio::piped()),
            Manner::Kept => virtme.stdin(Stdio::null()).stdout(Stdio::piped()),
            Manner::AtTerminal => virtme,
        };
        // Always a pipe: its end tells that no process of the machine's is left. At the terminal it carries
        // the kernel's errors.
        virtme.stderr(Stdio::piped());
        if manner != Manner::AtTerminal {
            // Ctrl-C is for us.
            virtme.process_group(0);
        }
    }

    /// Until the machine has ended, or must end.
    fn watch(&self, child: &mut Child, signals: &Signals, news: &Receiver<News>, open: usize) -> (Option<Cut>, Kept) {
        let begun = Instant::now();
        let mut kept = Kept { open, ..Kept::default() };
        let mut started = false;
        loop {
            if let Some(signal) = signals.next() {
                return (Some(Cut::Signal(signal)), kept);
            }
            while let Ok(news) = news.try_recv() {
                if kept.take(news) {
                    return (Some(Cut::NobodyReads), kept);
                }
            }
            if !matches!(child.try_wait(), Ok(None)) {
                return (None, kept);
            }
            if self.time_limit.is_some_and(|limit| begun.elapsed() >= limit) {
                return (Some(Cut::TimeIsUp), kept);
            }
            started = started || self.directory.shared().join("started").exists();
            if !started && begun.elapsed() >= BOOT_LIMIT {
                return (Some(Cut::DidNotBoot), kept);
            }
        }
    }

    fn status_from_guest(&self) -> Option<i32> {
        fs::read_to_string(self.directory.shared().join("status")).ok()?.trim().parse().ok()
    }
}

/// What the machine has written and isn't passed on.
#[derive(Default)]
struct Kept {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Streams that haven't ended.
    open: usize,
}

impl Kept {
    /// Whether nobody reads any more.
    fn take(&mut self, news: News) -> bool {
        self.open = self.open.saturating_sub(1);
        match news {
            News::Ended(Which::Stdout, text) => self.stdout = text,
            News::Ended(Which::Stderr, text) => self.stderr = text,
            News::NobodyReads => return true,
        }
        false
    }

    /// A reader may take its time for what we pass on; a dead machine's streams end at once.
    fn wait_for_the_rest(&mut self, news: &Receiver<News>, patience: Duration) {
        while self.open > 0 {
            match news.recv_timeout(patience) {
                Ok(news) => self.take(news),
                Err(_) => return,
            };
        }
    }

    /// For the end of an error's text.
    fn console_text(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            String::new()
        } else {
            format!(":\n{}", lines[lines.len().saturating_sub(12)..].join("\n"))
        }
    }
}

/// The signals that end a machine. What was blocked for them is unblocked when this is dropped.
struct Signals {
    descriptor: SignalFd,
    before: SigSet,
}

impl Signals {
    fn block() -> Result<Signals, Errno> {
        let ending = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
        let ending: SigSet = ending.into_iter().filter(|signal| !is_ignored(*signal)).collect();
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&ending), Some(&mut before))?;
        let descriptor = SignalFd::with_flags(&ending, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Signals { descriptor, before })
    }

    /// Waits a tick for one.
    fn next(&self) -> Option<Signal> {
        let mut event = [PollFd::new(self.descriptor.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut event, PollTimeout::from(TICK));
        let info = self.descriptor.read_signal().ok().flatten()?;
        Signal::try_from(info.ssi_signo as i32).ok()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}

/// What `nohup` ignores for us stays ignored; a signalfd would tell of it all the same.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    set.unwrap_or_default() & 1 << (signal as i32 - 1) != 0
}
