//! The lab's PID 1: makes the lab complete from inside, starts the program, reaps, and ends as the
//! program did.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Error, Result};
use doctor::Step;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, getpid, sethostname, setpgid, setsid};

use crate::limits::Limits;
use crate::link::{Link, Message};
use crate::refusal::At;
use crate::subtree::Entrance;
use crate::{exec, own_proc, refusal, status, sys, terminal};

/// What PID 1 has to know.
pub(crate) struct Init {
    pub link: Link,
    /// The terminal, when the program shall have its foreground.
    pub terminal: Option<OwnedFd>,
    pub limits: Limits,
    pub entrance: Entrance,
    /// The caller's signal mask, for the program.
    pub mask: SigSet,
    pub command: Vec<OsString>,
}

impl Init {
    /// The exit status of the lab; whatever is still running in it dies with PID 1 (pid_namespaces(7)).
    pub fn run(mut self) -> i32 {
        if self.prepare().is_none() {
            return status::CANNOT_ENTER;
        }
        let program = match sys::fork() {
            Ok(Some(program)) => program,
            Ok(None) => self.become_program(),
            Err(errno) => {
                self.link.send(&Message::Refused { why: format!("start the program: fork: {errno}"), at: None });
                return status::CANNOT_ENTER;
            }
        };
        let_go_of_stdio();
        self.watch_over(program).unwrap_or(status::CANNOT_ENTER)
    }

    fn prepare(&mut self) -> Option<()> {
        let _ = set_name(c"lab");
        let _ = set_pdeathsig(Signal::SIGKILL);
        // The outer stage may have died before that took effect; its end of the link is closed then.
        // (getppid is of no use: a parent outside of the PID namespace is 0.)
        let mut ends = [PollFd::new(self.link.as_fd(), PollFlags::empty())];
        if poll(&mut ends, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
            return None;
        }
        self.populate().map_err(|error| self.link.send(&refused(&error))).ok()
    }

    fn populate(&mut self) -> Result<()> {
        // First, so that all that follows counts; the namespace takes the cgroup it is made in as its root.
        self.limits = self.limits.without(self.entrance.enter());
        unshare(CloneFlags::CLONE_NEWCGROUP).context("unshare(CLONE_NEWCGROUP)")?;
        self.entrance.go_to_leaves();
        // kill(0, …) reaches all of one's process group, also outside of the PID namespace, and /dev/tty
        // the caller's terminal: a session of its own has neither. Where the terminal is wanted, a group of
        // its own must do.
        if self.terminal.is_none() {
            setsid().context("setsid")?;
        } else {
            setpgid(Pid::from_raw(0), Pid::from_raw(0)).context("setpgid")?;
        }
        sethostname("lab").with_context(|| At { step: Step::Hostname, call: "sethostname(\"lab\")".to_string() })?;
        own_proc::mount_it()?;
        let any = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
            .context("bring lo up: socket")?;
        sys::loopback_up(any.as_fd()).context("bring lo up: ioctl(SIOCSIFFLAGS)")
    }

    fn become_program(self) -> ! {
        if let Some(terminal) = &self.terminal {
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            terminal::give_to(terminal, getpid());
        }
        // Rust ignores SIGPIPE, and being ignored is inherited.
        sys::default_action(Signal::SIGPIPE);
        sys::default_action(Signal::SIGCHLD);
        let ready = self.limits.apply().and_then(|()| self.guard_terminal());
        let (code, why) = match ready {
            Err(error) => (status::CANNOT_ENTER, format!("{error:#}")),
            Ok(()) => {
                let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.mask), None);
                exec::become_program(&self.command)
            }
        };
        eprintln!("lab: {why}");
        sys::exit_now(code)
    }

    /// Whoever tests or answers here must not type on the terminal that we share with them.
    fn guard_terminal(&self) -> Result<()> {
        if terminal_input::is_within_reach() {
            terminal_input::refuse_typing()
                .context("seccomp: nothing keeps the program from typing on our terminal")?;
        }
        Ok(())
    }

    /// Reaps everything until the program has ended.
    fn watch_over(&self, program: Pid) -> Result<i32> {
        let signals = SignalFd::with_flags(&SigSet::from(Signal::SIGCHLD), SfdFlags::SFD_CLOEXEC)?;
        loop {
            let mut events =
                [PollFd::new(signals.as_fd(), PollFlags::POLLIN), PollFd::new(self.link.as_fd(), PollFlags::POLLIN)];
            match poll(&mut events, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let [child, outside] = events.map(|event| event.any().unwrap_or(true));
            if child {
                let _ = signals.read_signal();
                if let Some(code) = self.reap(program) {
                    return Ok(code);
                }
            }
            if outside {
                match self.link.hear() {
                    Some(Message::Signal(signal)) => kill(program, Signal::try_from(signal)?).unwrap_or_default(),
                    Some(_) => {}
                    // The outer stage is dead, and our own death is on its way.
                    None => return Ok(status::CANNOT_ENTER),
                }
            }
        }
    }

    /// All that can be reaped now; the exit status when the program was among it.
    fn reap(&self, program: Pid) -> Option<i32> {
        loop {
            match sys::wait(Pid::from_raw(-1), libc::WNOHANG | libc::WUNTRACED) {
                Ok(Some((pid, sys::Change::Ended(code)))) if pid == program => return Some(code),
                Ok(Some((pid, sys::Change::Stopped))) if pid == program => self.pause_with(program),
                Ok(None) | Err(_) => return None,
                Ok(Some(_)) => {}
            }
        }
    }

    /// Ctrl-Z: the job as a whole stops, so that the shell outside gets its terminal back.
    fn pause_with(&self, program: Pid) {
        let Some(terminal) = &self.terminal else { return };
        self.link.send(&Message::Stopped);
        if let Some(Message::GoOn { in_foreground }) = self.link.hear() {
            if in_foreground {
                terminal::give_to(terminal, program);
            }
            let _ = kill(Pid::from_raw(-program.as_raw()), Signal::SIGCONT);
        }
    }
}

fn refused(error: &Error) -> Message {
    match refusal::step_and_errno(error) {
        // The outer stage puts the errno back behind the call.
        Some((step, errno)) => Message::Refused { why: error.to_string(), at: Some((step, errno as i32)) },
        None => Message::Refused { why: format!("{error:#}"), at: None },
    }
}

/// The program's end of a pipe must be the only one, or its reader waits for us too.
fn let_go_of_stdio() {
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
        let _ = dup2_stderr(&null);
    }
}
