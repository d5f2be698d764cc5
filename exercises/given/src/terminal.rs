//! The terminal's process group, for a container on a terminal.

use std::io::stdin;

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, getpid, getsid, setpgid, tcgetpgrp, tcsetpgrp};

/// Whether this process is in the foreground of the terminal on its stdin. To be asked before the
/// fork: in a new PID namespace the old process group has no number.
pub fn has_terminal() -> bool {
    tcgetpgrp(stdin()) == Ok(getpgrp())
}

/// Makes this process, a container's first, the leader of a process group of its own, which gets
/// the terminal.
pub fn lead_on_terminal() -> Result<()> {
    setpgid(Pid::from_raw(0), Pid::from_raw(0)).context("setpgid(0, 0): no process group of our own")?;
    // Who isn't in the foreground may set it only with this signal blocked: tcsetpgrp(3).
    let before = SigSet::from(Signal::SIGTTOU).thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let taken = tcsetpgrp(stdin(), getpid()).context("tcsetpgrp: the terminal is not available");
    before.thread_set_mask()?;
    taken
}

/// From now on, this process and all that come from it can't type on a terminal by ioctl: TIOCSTI
/// and TIOCLINUX are refused.
///
/// A container that shares our terminal could otherwise write the next command line for our shell.
pub fn refuse_typing() -> Result<()> {
    terminal_input::refuse_typing().context("seccomp: nothing keeps the container from typing on our terminal")
}

/// Our own place, while the container leads the terminal's foreground group.
///
/// A shell in a PID namespace must see its process group, or it can't give the terminal to its jobs
/// and back: so the container leads a group of its own. We join it, so that Ctrl-C reaches us as
/// well, and go back when this is dropped.
pub(crate) struct Lent {
    our_group: Pid,
    /// Echo, line editing and the like, as they were.
    settings: Option<Termios>,
}

impl Lent {
    /// `None` when stdin is no terminal, or not ours at the moment.
    pub(crate) fn to(child: Pid) -> Option<Lent> {
        let our_group = getpgrp();
        let containers = tcgetpgrp(stdin());
        // It may have taken the terminal already, or is about to.
        if containers != Ok(our_group) && containers != Ok(child) {
            return None;
        }
        let settings = tcgetattr(stdin()).ok();
        let _ = SigSet::from(Signal::SIGTTOU).thread_block();
        let _ = setpgid(child, child);
        // The leader of a session stays where it is.
        if getsid(None) != Ok(getpid()) {
            let _ = setpgid(Pid::from_raw(0), child);
        }
        let _ = tcsetpgrp(stdin(), child);
        Some(Lent { our_group, settings })
    }

    /// Puts the settings back that a killed program could not: a shell that waits at its prompt has
    /// echo switched off.
    pub(crate) fn restore_settings(&self) {
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(stdin(), SetArg::TCSADRAIN, settings);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if setpgid(Pid::from_raw(0), self.our_group).is_err() {
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        }
        let _ = tcsetpgrp(stdin(), getpgrp());
    }
}
