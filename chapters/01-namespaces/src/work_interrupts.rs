//! Work that Ctrl-C ends, and after which somebody is left to clean up.

use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitStatus, waitpid};

use crate::failure::Failure;
use crate::link::Link;
use crate::sys;

/// The signals by which a person, a service manager or a terminal that goes away asks a program to
/// end.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// These signals, blocked. Dropped, they are as before.
pub(crate) struct Interrupts {
    before: SigSet,
    signals: SignalFd,
}

impl Interrupts {
    /// Blocks them. The worker gives them their effect again.
    pub fn block() -> Result<Interrupts> {
        let ending: SigSet = ENDING.into_iter().filter(|signal| !is_ignored(*signal)).collect();
        // What it has started (its own workers) becomes ours to wait for when it ends.
        set_child_subreaper(true).context("cannot become a subreaper")?;
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&ending), Some(&mut before)).context("cannot block signals")?;
        let signals = SignalFd::with_flags(&ending, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK);
        Ok(Interrupts { before, signals: signals.context("signalfd")? })
    }

    /// Waits until the worker says something, or ends; ends it when a signal comes first.
    pub fn wait_for(&self, link: &Link, worker: BorrowedFd<'_>) -> Result<()> {
        loop {
            let mut ready =
                [PollFd::new(link.as_fd(), PollFlags::POLLIN), PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                polled => polled.context("poll")?,
            };
            if let Some(info) = self.signals.read_signal().context("cannot read a signal")? {
                let _ = sys::pidfd_send_signal(worker, Signal::SIGKILL);
                return Err(interrupted(info.ssi_signo as i32));
            }
            if ready[0].any().unwrap_or_default() {
                return Ok(());
            }
        }
    }

    /// To be called when the worker has been waited for, with its end: Ctrl-C reaches it as well as us.
    pub fn unblock(self, end: WaitStatus) -> Result<()> {
        // Its own workers are killed by the kernel when it ends; they are gone when nobody is left to wait
        // for.
        let was_interrupted = match end {
            WaitStatus::Signaled(_, signal, _) if ENDING.contains(&signal) => Some(signal as i32),
            WaitStatus::Signaled(..) => Some(0),
            _ => None,
        };
        if was_interrupted.is_some() {
            while !matches!(waitpid(None, None), Err(Errno::ECHILD)) {}
        }
        set_child_subreaper(false).context("cannot stop being a subreaper")?;
        // Ctrl-C that has killed the worker is pending here too. It has had its effect.
        let _ = self.signals.read_signal();
        match was_interrupted {
            Some(signal) if signal > 0 => Err(interrupted(signal)),
            _ => Ok(()),
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}

/// A blocked signal is kept even if it is ignored, as nohup(1) has SIGHUP: proc_pid_status(5),
/// SigIgn.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal as i32 - 1)) != 0)
}

fn interrupted(signal: i32) -> anyhow::Error {
    let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
    Failure::new(128u8.saturating_add(signal as u8), format!("interrupted by {name}")).into()
}
