use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::sys;

/// A process as a file descriptor (pidfd_open(2)): unlike its number, it never means another one.
///
/// setns(2) takes it, with the flags of all kinds of namespaces to join, in one call. Fails when
/// the process is gone.
pub fn pidfd(process: Pid) -> Result<OwnedFd> {
    sys::pidfd_open(process).with_context(|| format!("pidfd_open({process}): is that process gone?"))
}

/// Sends a signal to the process, and to no other one that has got its number meanwhile:
/// pidfd_send_signal(2). Fails with ESRCH when it has ended.
pub fn signal(process: &OwnedFd, signal: Signal) -> nix::Result<()> {
    sys::pidfd_send_signal(process.as_fd(), signal)
}

/// Waits until the process has ended, so long at most. Whether it has.
pub fn ends_within(process: &OwnedFd, patience: Duration) -> Result<bool> {
    let end = Instant::now() + patience;
    loop {
        // Rounded up, or it would be asked again and again within the last millisecond.
        let left = end.saturating_duration_since(Instant::now()).as_millis() + 1;
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) if Instant::now() >= end => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(errno) => return Err(errno).context("poll: waiting for a process's end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_have_not_ended_and_a_killed_process_has() {
        let ourselves = pidfd(nix::unistd::getpid()).unwrap();
        assert!(!ends_within(&ourselves, Duration::ZERO).unwrap());
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let process = pidfd(Pid::from_raw(child.id() as i32)).unwrap();
        signal(&process, Signal::SIGKILL).unwrap();
        assert!(ends_within(&process, Duration::from_secs(60)).unwrap());
        child.wait().unwrap();
        assert_eq!(signal(&process, Signal::SIGKILL), Err(Errno::ESRCH));
    }

    #[test]
    fn who_is_there_has_one_and_who_is_not_has_an_error() {
        assert!(pidfd(nix::unistd::getpid()).is_ok());
        let gone = pidfd(Pid::from_raw(i32::MAX)).expect_err("no process has that number");
        assert!(gone.to_string().contains("gone"), "{gone}");
    }
}
