//! `--init`: a PID 1 that does what a PID 1 has to do.
//!
//! The kernel hands every orphan of a PID namespace to its PID 1, and each stays a zombie until
//! that one waits for it (pid_namespaces(7)). It also spares PID 1 every signal that it has no
//! handler for. Few programs are written for that role. So an init takes it, the command runs as
//! its child, and both work as anywhere.
//!
//! Init is a way of launching, not a mechanism: it must let go of the start gate, or `start` would
//! wait for the container's end.

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::unistd::Pid;

use crate::namespaces::Namespaces;
use crate::steps;
use crate::sys::{self, Cloned, ShownMemory, Whose};
use crate::wait::{Exit, HANDED_ON, by_the_terminal};

// ANCHOR: init
/// Forks. The child returns and goes on to become the command; this process reaps, hands signals
/// on, and exits as the command did.
pub(crate) fn fork_off(shown: &ShownMemory) -> Result<()> {
    // Signals must not get lost between the fork and the first wait. Blocked ones are kept even for a
    // PID 1.
    let mut mask: SigSet = HANDED_ON.into_iter().collect();
    mask.add(Signal::SIGCHLD);
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&mask), None).context("cannot set the signal mask")?;
    // Without a PID namespace we are not PID 1; then this makes orphans ours all the same.
    set_child_subreaper(true).context("cannot become the reaper of orphans")?;
    // We never exec: our caller's command line would be there for everybody inside.
    shown.show_argument("init");
    match sys::clone3(&steps::FORK_FROM_INIT, Namespaces::none(), None)? {
        Cloned::Child => {
            // In a PID namespace the kernel sees to that; without one, the command must not outlive its init.
            set_pdeathsig(Signal::SIGKILL).context("cannot tie the command's life to its init's")?;
            Ok(())
        }
        Cloned::Parent { child, .. } => {
            // The start gate's connection among them: `start` listens until everybody has closed it.
            sys::close_above_stderr().context("cannot close the descriptors that init doesn't need")?;
            let exit = serve(child, &mask);
            sys::exit_now(exit.map_or(crate::exit::OURS, Exit::code))
        }
    }
}

/// Waits for signals, one at a time: children that ended are reaped, the rest goes to the command.
fn serve(command: Pid, mask: &SigSet) -> Result<Exit> {
    loop {
        let info = match sys::wait_for_signal(mask) {
            Err(Errno::EINTR) => continue,
            info => info.context("cannot wait for signals")?,
        };
        match info.signal {
            Signal::SIGCHLD => {
                if let Some(exit) = reap(command)? {
                    return Ok(exit);
                }
            }
            // The terminal's signals go to the whole process group: the command has them already. (Not a
            // hangup.)
            signal if by_the_terminal(info.code) && signal != Signal::SIGHUP => {}
            // It may have ended a moment ago; then SIGCHLD is on its way.
            signal => drop(kill(command, signal)),
        }
    }
}

/// Takes away all children that have ended. Several may share one SIGCHLD.
fn reap(command: Pid) -> Result<Option<Exit>> {
    let mut exit = None;
    loop {
        match sys::wait_for_end(Whose::AnyChild, libc::WNOHANG) {
            Ok(Some((pid, its_exit))) if pid == command => exit = Some(its_exit),
            Ok(None) | Err(Errno::ECHILD) => return Ok(exit),
            Ok(Some(_)) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).context("cannot reap"),
        }
    }
}
// ANCHOR_END: init
