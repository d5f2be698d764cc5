//! How a recorded process is ended: by a signal that reaches it and nobody else, and not before its
//! end was seen.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::recorded_process::{Life, RecordedProcess};
use crate::sys;

/// How long a process may take to die of SIGKILL, where its removal was asked for.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Kills a process, if it is still the same one, and waits until it is gone.
pub fn end(process: &RecordedProcess, patience: Duration) -> Result<()> {
    end_after(process, patience, || {})
}

/// The same; `let_it_die` is called between the signal and the wait.
pub fn end_after(process: &RecordedProcess, patience: Duration, let_it_die: impl FnOnce()) -> Result<()> {
    match process.life() {
        Life::Gone => return Ok(()),
        Life::OutOfSight => bail!("{}", out_of_sight(process.pid)),
        Life::Alive => {}
    }
    // Open first, compare after: the pidfd then holds the very process whose start time was looked
    // at.
    let Ok(pidfd) = sys::pidfd_open(Pid::from_raw(process.pid)) else { return Ok(()) };
    let is_alive = || process.life() == Life::Alive;
    if !is_alive() {
        return Ok(());
    }
    match sys::pidfd_send_signal(pidfd.as_fd(), Signal::SIGKILL) {
        // It has died by itself meanwhile: a child notices when its maker is gone.
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => {
            return Err(errno).with_context(|| format!("cannot kill process {} of the container", process.pid));
        }
    }
    let_it_die();
    let end = Instant::now() + patience;
    while is_alive() {
        let left = end.saturating_duration_since(Instant::now());
        let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ended, PollTimeout::try_from(left)?)? == 0 {
            bail!(
                "process {} of the container has not died of SIGKILL in {patience:?}\ncause: it waits for a device (a \
                 broken disk, NFS), or is in a frozen cgroup\ncure: end that; the next run or rm --force removes it then",
                process.pid
            );
        }
    }
    Ok(())
}

/// Why nothing can be said of a process.
pub fn out_of_sight(pid: i32) -> String {
    format!(
        "the container was made in another PID or time namespace: whether its process {pid} (as counted there) is alive can be \
         seen only from there\ncure: remove it from there; or, when everything in that namespace has ended, from the \
         machine's first PID namespace"
    )
}
