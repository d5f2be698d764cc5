//! Waiting for the container's end, while signals pass through.

use std::fmt;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

use crate::interrupts::Listener;
use crate::sys::{self, Whose};
use crate::terminal::Lent;

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command's own exit status.
    Status(u8),
    /// The number of the signal that killed it: signal(7). Not every signal has a name.
    Killed(i32),
}

impl Exit {
    /// The exit status that a shell, and Docker, would show: the command's own, or 128 and the signal's
    /// number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Status(code) => code,
            Exit::Killed(signal) => 128 + signal as u8,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Exit::Status(code) => write!(f, "exited with {code}"),
            Exit::Killed(number) => match Signal::try_from(number) {
                Ok(signal) => write!(f, "was killed by {signal}"),
                Err(_) => write!(f, "was killed by signal {number}"),
            },
        }
    }
}

/// What is handed on: all that a person, a terminal or a supervisor sends to make a program do
/// something.
pub(crate) const HANDED_ON: [Signal; 12] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
    Signal::SIGALRM,
    Signal::SIGCONT,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
];

/// A container in the foreground: signals that we get are meant for it. They go to its first
/// process, and mean there what the kernel lets them mean.
pub(crate) struct Foreground<'a> {
    pub pidfd: BorrowedFd<'a>,
    pub pid: Pid,
    /// The terminal, if it has ours.
    pub terminal: Option<&'a Lent>,
    /// Whether its first process is a PID 1, which the kernel spares every signal that it has no
    /// handler for.
    pub is_pid_1: bool,
    /// Whether that is an init, which hands signals on to the command.
    pub has_init: bool,
    /// What is to be seen to from time to time.
    pub each_second: Option<&'a dyn Fn()>,
}

impl Foreground<'_> {
    /// Waits for its end.
    pub fn wait(&self) -> Result<Exit> {
        let exit = self.wait_and_hand_on()?;
        // Of what its command died, an init tells as a shell does.
        if let (Some(terminal), 129..) = (self.terminal, exit.code()) {
            terminal.restore_settings();
        }
        Ok(exit)
    }

    fn wait_and_hand_on(&self) -> Result<Exit> {
        // They have been blocked since before the container was made.
        let signals: SigSet = HANDED_ON.into_iter().collect();
        let incoming = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .context("cannot listen for signals")?;
        let mut listener = self.listener()?;
        let mut unheeded = 0;
        loop {
            let reports = listener.as_ref().map_or(incoming.as_fd(), AsFd::as_fd);
            let mut fds = [self.pidfd, incoming.as_fd(), reports].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            let time = if self.each_second.is_some() { PollTimeout::from(1000u16) } else { PollTimeout::NONE };
            match poll(&mut fds, time) {
                Err(Errno::EINTR) => continue,
                other => other.context("cannot wait for the container")?,
            };
            if fds[0].any().unwrap_or(false) {
                return reap(self.pidfd);
            }
            if let Some(each_second) = self.each_second {
                each_second();
            }
            match listener.as_mut().map(Listener::was_interrupted) {
                Some(Some(true)) => unheeded = self.interrupted(unheeded),
                Some(None) => listener = None,
                Some(Some(false)) | None => {}
            }
            while let Some(info) = incoming.read_signal().context("cannot read a signal")? {
                let signal = Signal::try_from(info.ssi_signo as i32)?;
                let by_the_terminal = by_the_terminal(info.ssi_code);
                match signal {
                    Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU => self.stop(signal, by_the_terminal)?,
                    Signal::SIGINT if by_the_terminal => unheeded = self.interrupted(unheeded),
                    // A hangup tells the leader of the session only. Twice does no harm.
                    Signal::SIGHUP => self.hung_up(by_the_terminal),
                    // The terminal's other signals go to the whole group: the command has them already.
                    _ if by_the_terminal => {}
                    other => self.hand_on(other),
                }
            }
        }
    }

    /// A process that listens for Ctrl-C, where the terminal signals only the container's process
    /// group.
    fn listener(&self) -> Result<Option<Listener>> {
        match self.terminal {
            Some(terminal) if self.is_pid_1 && !terminal.reaches_us() => Listener::in_group(terminal.group()).map(Some),
            _ => Ok(None),
        }
    }

    /// Ctrl-C. A PID 1 that neither handles nor ignores SIGINT is spared by the kernel, which nobody
    /// expects who pressed it: say so, and at the second time mean it. Returns how often it went
    /// unheeded.
    fn interrupted(&self, unheeded: usize) -> usize {
        if !self.is_spared(Signal::SIGINT) {
            return 0;
        }
        if unheeded > 0 {
            self.hand_on(Signal::SIGKILL);
        } else {
            let _ = writeln!(
                std::io::stderr(),
                "The command is PID 1 and has no handler for SIGINT, so the kernel spares it.\nCtrl-C again kills it."
            );
        }
        unheeded + 1
    }

    /// With the terminal gone, nobody could tell a spared PID 1 to end any more.
    fn hung_up(&self, by_the_terminal: bool) {
        let spared = by_the_terminal && self.is_spared(Signal::SIGHUP);
        self.hand_on(if spared { Signal::SIGKILL } else { Signal::SIGHUP });
    }

    /// Ctrl-Z, or a read from the terminal in the background. The kernel spares a PID 1 without a
    /// handler, so it is stopped by the one signal that nobody is spared. Then we stop, and when the
    /// shell continues us we continue the container.
    fn stop(&self, signal: Signal, by_the_terminal: bool) -> Result<()> {
        match (self.has_init, by_the_terminal) {
            (false, _) => self.hand_on(Signal::SIGSTOP),
            (true, false) => self.hand_on(signal),
            // The command, being no PID 1, has stopped by the same signal.
            (true, true) => {}
        }
        if let Some(terminal) = self.terminal {
            terminal.take_back();
        }
        raise(Signal::SIGSTOP).context("cannot stop")?;
        match self.terminal {
            Some(terminal) => {
                terminal.lend_again();
                let _ = kill(Pid::from_raw(-terminal.group().as_raw()), Signal::SIGCONT);
            }
            None => self.hand_on(Signal::SIGCONT),
        }
        Ok(())
    }

    fn is_spared(&self, signal: Signal) -> bool {
        let status = || std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        self.is_pid_1 && !has_disposition(&status(), signal)
    }

    fn hand_on(&self, signal: Signal) {
        // The container may have ended meanwhile; then there is nobody to get it.
        let _ = sys::pidfd_send_signal(self.pidfd, signal);
    }
}

/// Whether a signal that ends programs has come and waits, being blocked: SigPnd and ShdPnd in our
/// /proc/PID/status.
pub(crate) fn is_told_to_end() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ending = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT, Signal::SIGHUP];
    ending.into_iter().any(|signal| is_in(&status, &["SigPnd:", "ShdPnd:"], signal))
}

/// Whether siginfo's `si_code` says that the kernel itself raised the signal, as it does for a
/// terminal: sigaction(2).
pub(crate) fn by_the_terminal(si_code: i32) -> bool {
    const SI_KERNEL: i32 = 0x80;
    si_code == SI_KERNEL
}

/// Whether a process is the first of a PID namespace below ours: NSpid in its /proc/PID/status ends
/// with 1.
pub(crate) fn is_pid_1(status: &str) -> bool {
    let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    ids.split_whitespace().count() > 1 && ids.split_whitespace().next_back() == Some("1")
}

/// Whether a process handles a signal, ignores it or blocks it to wait for it: SigCgt, SigIgn and
/// SigBlk in its /proc/PID/status, masks in hexadecimal.
fn has_disposition(status: &str, signal: Signal) -> bool {
    is_in(status, &["SigCgt:", "SigIgn:", "SigBlk:"], signal)
}

fn is_in(status: &str, masks: &[&str], signal: Signal) -> bool {
    let bit = 1u64 << (signal as u32 - 1);
    status
        .lines()
        .filter_map(|line| masks.iter().find_map(|name| line.strip_prefix(name)))
        .any(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & bit != 0))
}

/// Waits for the end of a process and takes its exit status away.
pub fn reap(pidfd: BorrowedFd<'_>) -> Result<Exit> {
    loop {
        match sys::wait_for_end(Whose::Process(pidfd), 0) {
            Ok(Some((_, exit))) => return Ok(exit),
            Ok(None) | Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno).context("cannot take the container's exit status"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_command_shows_as_128_and_the_signal() {
        assert_eq!(Exit::Killed(libc::SIGKILL).code(), 137);
        // SIGRTMAX, which has a number only.
        assert_eq!(Exit::Killed(64).code(), 192);
        assert_eq!(Exit::Status(3).code(), 3);
    }

    #[test]
    fn a_pid_1_is_one_in_a_namespace_below_ours() {
        assert!(is_pid_1("Name:\tsh\nNSpid:\t4711\t1\n"));
        assert!(!is_pid_1("NSpid:\t4711\n") && !is_pid_1("NSpid:\t1\n") && !is_pid_1("NSpid:\t4711\t12\n"));
    }

    #[test]
    fn a_handled_signal_is_seen_in_the_status_masks() {
        let status = "SigIgn:\t0000000000001000\nSigCgt:\t0000000000000002\n";
        assert!(has_disposition(status, Signal::SIGINT));
        assert!(has_disposition(status, Signal::SIGPIPE));
        assert!(!has_disposition(status, Signal::SIGTERM));
    }
}
