//! The outer stage: the process that the launcher sees. It makes the namespaces, watches the clock,
//! the launcher and the terminal, and ends as the program did.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_name;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, dup2_stdin, dup2_stdout, getpgrp};

use crate::init::Init;
use crate::launcher::Launcher;
use crate::link::{Link, Message};
use crate::refusal::At;
use crate::request::Request;
use crate::subtree::Subtree;
use crate::{keeper, namespaces, refusal, status, sys, terminal};

/// Runs the command in a lab and exits as it did.
pub(crate) fn run(request: Request, command: Vec<OsString>) -> ! {
    let _ = set_name(c"lab-outer");
    let code = match Launcher::watch(request.launcher) {
        None => 128 + libc::SIGKILL,
        Some(launcher) => {
            enter(&request, command).and_then(|lab| lab.watch_over(&request, launcher)).unwrap_or_else(refused)
        }
    };
    sys::exit_now(code)
}

/// One clear error: what failed, and what doctor makes of it.
fn refused(error: anyhow::Error) -> i32 {
    eprintln!("{}", refusal::explain(&error));
    status::CANNOT_ENTER
}

/// A lab that runs, as its outer stage sees it.
struct Entered {
    first: Pid,
    link: Link,
    signals: SignalFd,
    terminal: Option<OwnedFd>,
    /// Not after `bg`: then the foreground is the shell's.
    has_foreground: Cell<bool>,
    /// Removed when all else is done.
    subtree: Subtree,
    _keeper: Option<keeper::Watch>,
}

fn enter(request: &Request, command: Vec<OsString>) -> Result<Entered> {
    // The default for SIGCHLD: ignored (`trap '' CHLD`), children would vanish unwaited.
    sys::default_action(Signal::SIGCHLD);
    let mut mask = SigSet::empty();
    let ours = [
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGHUP,
        Signal::SIGTSTP,
        Signal::SIGTTOU,
    ];
    let ours: SigSet = ours.into_iter().filter(|signal| !ignored_by_caller(*signal)).collect();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&ours), Some(&mut mask)).context("sigprocmask")?;
    let signals = SignalFd::with_flags(&ours, SfdFlags::SFD_CLOEXEC).context("signalfd")?;
    let terminal = terminal::in_foreground();
    let subtree = Subtree::make(&request.limits, request.own_cgroups);
    // Without it a killed lab's cgroups stay until the next lab comes.
    let keeper = if subtree.is_empty() { None } else { keeper::start(&subtree).ok() };
    let entrance = subtree.entrance();
    let views = if request.own_cgroups { subtree.views() } else { Vec::new() };
    namespaces::make(request, command.first().map_or(Path::new(""), Path::new), &views)?;
    let (link, link_of_first) = Link::pair()?;
    let first = match sys::fork().context("fork the lab's PID 1")? {
        Some(first) => first,
        None => {
            drop(link);
            let init = Init { link: link_of_first, terminal, limits: request.limits, entrance, mask, command };
            // A panic must not unwind into frames that belong to the parent.
            let code = catch_unwind(AssertUnwindSafe(|| init.run())).unwrap_or(status::CANNOT_ENTER);
            sys::exit_now(code)
        }
    };
    // The program's end of a pipe must be the only one; stderr is kept for the last word.
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
    }
    Ok(Entered { first, link, signals, terminal, has_foreground: Cell::new(true), subtree, _keeper: keeper })
}

/// What `nohup` ignores for us stays ignored. (A blocked signal is delivered to a signalfd even if
/// it is ignored.)
fn ignored_by_caller(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    signal != Signal::SIGTTOU && set.unwrap_or_default() & 1 << (signal as i32 - 1) != 0
}

impl Entered {
    fn watch_over(self, request: &Request, launcher: Launcher) -> Result<i32> {
        let end = request.time_limit.map(|limit| Instant::now() + limit);
        let mut refusal = None;
        let mut link = Some(&self.link);
        loop {
            let wait_for = |descriptor| PollFd::new(descriptor, PollFlags::POLLIN);
            let launcher = launcher.0.as_ref();
            let mut events = vec![wait_for(self.signals.as_fd())];
            events.extend(launcher.map(|launcher| wait_for(launcher.as_fd())));
            events.extend(link.map(|link| wait_for(link.as_fd())));
            let patience = end.map_or(PollTimeout::NONE, |end| {
                let left = end.saturating_duration_since(Instant::now());
                // Rounded up, or the last fraction of a millisecond is spent in a busy loop.
                PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX)
            });
            let _ = poll(&mut events, patience);
            let mut ready = events.iter().map(|event| event.any().unwrap_or(true));
            let signal = ready.next().unwrap_or_default();
            let starter_has_ended = launcher.is_some() && ready.next().unwrap_or_default();
            if ready.next().unwrap_or_default() {
                match self.link.hear() {
                    Some(Message::Refused { why, at }) => refusal = Some((why, at)),
                    Some(Message::Stopped) => self.stop_as_a_job(),
                    Some(_) => {}
                    // PID 1 is ending, and its end of the link is closed before all others in the lab are gone: a
                    // closed link is always ready, and to look at it until then would take a whole processor.
                    None => {
                        link = None;
                        self.subtree.thaw();
                    }
                }
            }
            if let Some(code) = self.ended() {
                self.take_terminal_back();
                return match refusal {
                    Some((why, Some((step, errno)))) => Err(Errno::from_raw(errno)).context(At { step, call: why }),
                    Some((why, None)) => Err(anyhow!(why)),
                    None => Ok(code),
                };
            }
            if signal && let Some(code) = self.signal_came() {
                return Ok(self.end_with(code));
            }
            if starter_has_ended {
                return Ok(self.end_with(status::of_signal(Signal::SIGKILL)));
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                let code = self.end_with(status::TIME_IS_UP);
                let limit = request.time_limit.unwrap_or_default().as_secs_f64();
                eprintln!("lab: time is up: everything in the lab was killed after {limit} s");
                return Ok(code);
            }
        }
    }

    /// The exit status of PID 1, if it is gone.
    fn ended(&self) -> Option<i32> {
        match sys::wait(self.first, libc::WNOHANG) {
            Ok(Some((_, sys::Change::Ended(code)))) => Some(code),
            Ok(_) => None,
            Err(_) => Some(status::CANNOT_ENTER),
        }
    }

    /// Some status when the signal ends the lab.
    fn signal_came(&self) -> Option<i32> {
        let info = self.signals.read_signal().ok().flatten()?;
        let signal = Signal::try_from(info.ssi_signo as i32).ok()?;
        let typed_at_terminal = info.ssi_code == libc::SI_KERNEL;
        match signal {
            Signal::SIGCHLD | Signal::SIGTTOU => None,
            // The terminal sent it to us; the program, in a session of its own, didn't hear.
            Signal::SIGINT | Signal::SIGQUIT if typed_at_terminal => {
                self.link.send(&Message::Signal(signal as i32));
                None
            }
            // Ctrl-Z, and the program, in a session of its own, didn't hear.
            Signal::SIGTSTP => {
                self.link.send(&Message::Signal(Signal::SIGSTOP as i32));
                self.stop_as_a_job();
                self.link.send(&Message::Signal(Signal::SIGCONT as i32));
                None
            }
            signal => Some(status::of_signal(signal)),
        }
    }

    /// Stops the whole job (our process group, the launcher included), as the program has stopped;
    /// returns when the shell lets it go on. An orphaned job, which no shell could wake, doesn't stop.
    fn stop_as_a_job(&self) {
        self.take_terminal_back();
        let stop = SigSet::from(Signal::SIGTSTP);
        let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
        let _ = stop.thread_unblock();
        let _ = stop.thread_block();
        let in_foreground = self.terminal.as_ref().is_some_and(terminal::is_ours);
        self.has_foreground.set(in_foreground);
        self.link.send(&Message::GoOn { in_foreground });
    }

    fn take_terminal_back(&self) {
        if let Some(terminal) = &self.terminal
            && self.has_foreground.get()
        {
            terminal::give_to(terminal, getpgrp());
        }
    }

    /// Kills everything in the lab. PID 1 can be waited for only when all the others are gone.
    fn end_with(&self, code: i32) -> i32 {
        let _ = kill(self.first, Signal::SIGKILL);
        self.subtree.thaw();
        let _ = waitpid(self.first, None);
        self.take_terminal_back();
        code
    }
}
