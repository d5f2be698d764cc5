//! Waiting for the container's end, while signals pass through.

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::sys;

/// How a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command's own exit status.
    Status(u8),
    /// The signal that killed it.
    Killed(Signal),
}

impl Exit {
    /// The exit status that a shell, and Docker, would show: the command's own, or 128 and the signal's number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Status(code) => code,
            Exit::Killed(signal) => 128 + signal as u8,
        }
    }
}

/// What is handed on: all that a person or a supervisor sends to make a program do something.
pub(crate) const HANDED_ON: [Signal; 10] = [
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
];

/// Waits. In the foreground, signals that this process gets are the container's: they go to its first process, and mean
/// there what the kernel lets them mean (a PID 1 without a handler for a signal does not get it).
pub(crate) fn wait(pid: Pid, pidfd: BorrowedFd<'_>, foreground: bool) -> Result<Exit> {
    if !foreground {
        return reap(pidfd);
    }
    // They have been blocked since before the container was made.
    let signals: SigSet = HANDED_ON.into_iter().collect();
    let incoming = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .context("cannot listen for signals")?;
    let mut unheeded = 0;
    loop {
        let mut fds = [PollFd::new(pidfd, PollFlags::POLLIN), PollFd::new(incoming.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            other => other.context("cannot wait for the container")?,
        };
        if fds[0].any().unwrap_or(false) {
            return reap(pidfd);
        }
        while let Some(info) = incoming.read_signal().context("cannot read a signal")? {
            let signal = Signal::try_from(info.ssi_signo as i32)?;
            let by_the_terminal = by_the_terminal(info.ssi_code);
            match signal {
                Signal::SIGTSTP => stop_with(pidfd)?,
                // The terminal's signals go to the whole foreground process group: the command has them already.
                Signal::SIGINT if by_the_terminal => unheeded = interrupted(pid, pidfd, unheeded),
                _ if by_the_terminal => {}
                other => hand_on(pidfd, other),
            }
        }
    }
}

/// Whether siginfo's `si_code` says that the kernel itself raised the signal, as it does for a terminal: sigaction(2).
pub(crate) fn by_the_terminal(si_code: i32) -> bool {
    const SI_KERNEL: i32 = 0x80;
    si_code == SI_KERNEL
}

/// Ctrl-C. A PID 1 that neither handles nor ignores SIGINT is spared by the kernel, which nobody expects who pressed it: say
/// so, and at the second time mean it. Returns how often it went unheeded.
fn interrupted(pid: Pid, pidfd: BorrowedFd<'_>, unheeded: usize) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid)).unwrap_or_default();
    if has_disposition(&status, Signal::SIGINT) {
        return 0;
    }
    if unheeded > 0 {
        hand_on(pidfd, Signal::SIGKILL);
    } else {
        let _ = writeln!(
            std::io::stderr(),
            "The command is PID 1 and has no handler for SIGINT, so the kernel spares it. Ctrl-C again kills it."
        );
    }
    unheeded + 1
}

/// Whether a process handles a signal, ignores it or blocks it to wait for it: SigCgt, SigIgn and SigBlk in its
/// /proc/PID/status, masks in hexadecimal.
fn has_disposition(status: &str, signal: Signal) -> bool {
    let bit = 1u64 << (signal as u32 - 1);
    status
        .lines()
        .filter_map(|line| ["SigCgt:", "SigIgn:", "SigBlk:"].iter().find_map(|name| line.strip_prefix(name)))
        .any(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & bit != 0))
}

/// Ctrl-Z: the kernel spares a PID 1 without a handler, so it is stopped by the one signal that nobody is spared. Then we
/// stop, and when the shell continues us we continue it.
fn stop_with(pidfd: BorrowedFd<'_>) -> Result<()> {
    hand_on(pidfd, Signal::SIGSTOP);
    raise(Signal::SIGSTOP).context("cannot stop")?;
    hand_on(pidfd, Signal::SIGCONT);
    Ok(())
}

fn hand_on(pidfd: BorrowedFd<'_>, signal: Signal) {
    // The container may have ended meanwhile; then there is nobody to get it.
    let _ = sys::pidfd_send_signal(pidfd, signal);
}

fn reap(pidfd: BorrowedFd<'_>) -> Result<Exit> {
    loop {
        match waitid(Id::PIDFd(pidfd), WaitPidFlag::WEXITED) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(Exit::Status(code as u8)),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Exit::Killed(signal)),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno).context("cannot take the container's exit status"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_command_shows_as_128_and_the_signal() {
        assert_eq!(Exit::Killed(Signal::SIGKILL).code(), 137);
        assert_eq!(Exit::Status(3).code(), 3);
    }

    #[test]
    fn a_handled_signal_is_seen_in_the_status_masks() {
        let status = "SigIgn:\t0000000000001000\nSigCgt:\t0000000000000002\n";
        assert!(has_disposition(status, Signal::SIGINT));
        assert!(has_disposition(status, Signal::SIGPIPE));
        assert!(!has_disposition(status, Signal::SIGTERM));
    }
}
