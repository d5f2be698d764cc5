//! Ctrl-C, where it doesn't reach us.
//!
//! The terminal sends it to the process group that has the terminal: the container's. A `run` that
//! leads its session (`ssh -t host … run …`: there is no shell in between) can't join that process
//! group, since a session's leader can't change its own: setpgid(2). So a small process of ours
//! joins it, and reports that Ctrl-C was pressed.

use std::io::{PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, dup2_stdout, setpgid};

use crate::namespaces::Namespaces;
use crate::steps;
use crate::sys::{self, Cloned};
use crate::wait::{HANDED_ON, by_the_terminal};

/// The process that listens, and the pipe by which it reports. It ends with this value, or with us.
#[derive(Debug)]
pub(crate) struct Listener {
    pidfd: OwnedFd,
    reports: PipeReader,
}

impl Listener {
    // ANCHOR: listener
    /// Puts one into a process group of our session.
    pub fn in_group(group: Pid) -> Result<Listener> {
        let (reports, writer) = std::io::pipe().context("cannot make a pipe")?;
        match sys::clone3(&steps::LISTEN_FOR_INTERRUPTS, Namespaces::none(), None)? {
            Cloned::Child => {
                let listened = set_pdeathsig(Signal::SIGKILL)
                    .and_then(|()| setpgid(Pid::from_raw(0), group))
                    .and_then(|()| dup2_stdout(&writer))
                    .and_then(|()| sys::close_above_stderr())
                    .and_then(|()| listen());
                sys::exit_now(listened.is_err().into())
            }
            Cloned::Parent { pidfd, .. } => Ok(Listener { pidfd, reports }),
        }
    }
    // ANCHOR_END: listener

    /// Whether Ctrl-C was pressed; `None` when nobody listens any more, since the process group is
    /// gone.
    pub fn was_interrupted(&mut self) -> Option<bool> {
        let mut ready = [PollFd::new(self.reports.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::ZERO) {
            Ok(0) | Err(Errno::EINTR) => Some(false),
            // One byte for each.
            _ => self.reports.read(&mut [0]).is_ok_and(|length| length > 0).then_some(true),
        }
    }
}

/// All signals that can be are blocked; each that comes is taken, and Ctrl-C passed on.
fn listen() -> nix::Result<()> {
    let all: SigSet = HANDED_ON.into_iter().collect();
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&all), None)?;
    loop {
        let came = sys::wait_for_signal(&all);
        if came.is_ok_and(|info| info.signal == Signal::SIGINT && by_the_terminal(info.code)) {
            let _ = std::io::stdout().write_all(b"c").and_then(|()| std::io::stdout().flush());
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reports.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = sys::pidfd_send_signal(self.pidfd.as_fd(), Signal::SIGKILL);
        let _ = waitid(Id::PIDFd(self.pidfd.as_fd()), WaitPidFlag::WEXITED);
    }
}
