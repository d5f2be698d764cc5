//! The process that asked for the lab, which the lab must not outlive.

use std::os::fd::OwnedFd;

use nix::unistd::{Pid, getppid};

use crate::sys;

/// A handle on the launcher that becomes readable when it dies. Not PR_SET_PDEATHSIG: that one
/// tells of the death of the *thread* that started us (prctl(2)), and threads of a test harness
/// come and go.
pub(crate) struct Launcher(pub Option<OwnedFd>);

impl Launcher {
    /// `None` when the launcher is dead already.
    pub fn watch(pid: i32) -> Option<Launcher> {
        // Command::exec: the launcher has become this very process.
        if pid == std::process::id() as i32 {
            return Some(Launcher(None));
        }
        // A launcher in another PID namespace has another number here; then its pid says nothing, and
        // neither would a pidfd.
        let handle = sys::pidfd_open(pid).ok();
        // After the handle was made, so that it can't be that of a stranger who got the launcher's number.
        if getppid() == Pid::from_raw(pid) { Some(Launcher(handle)) } else { None }
    }
}
