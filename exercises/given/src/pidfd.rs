use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use nix::unistd::Pid;

use crate::sys;

/// A process as a file descriptor (pidfd_open(2)): unlike its number, it never means another one.
///
/// setns(2) takes it, with the flags of all kinds of namespaces to join, in one call. Fails when
/// the process is gone.
pub fn pidfd(process: Pid) -> Result<OwnedFd> {
    sys::pidfd_open(process).with_context(|| format!("pidfd_open({process}): is that process gone?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_there_has_one_and_who_is_not_has_an_error() {
        assert!(pidfd(nix::unistd::getpid()).is_ok());
        let gone = pidfd(Pid::from_raw(i32::MAX)).expect_err("no process has that number");
        assert!(gone.to_string().contains("gone"), "{gone}");
    }
}
