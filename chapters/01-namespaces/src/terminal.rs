//! The terminal, lent to the container: termios(3), credentials(7), tcsetpgrp(3).
//!
//! A shell lets one process group at a time have its terminal. If the container's processes stayed
//! in ours, a shell inside would find that its own group has no number in its PID namespace, and
//! could neither give the terminal to its jobs nor give it back. So the container's first process
//! leads a group of its own, which gets the terminal. We join it, so that Ctrl-C and Ctrl-Z reach
//! us too; and go back to our old group whenever the shell that started us is to deal with us.

use std::io::stdin;

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, getpid, getsid, setpgid, tcgetpgrp, tcsetpgrp};

/// A terminal that a container has.
#[derive(Debug)]
pub(crate) struct Lent {
    our_group: Pid,
    containers_group: Pid,
    /// The leader of a session (of `ssh -t`, say) can't change its group.
    may_join: bool,
    /// Echo, line editing and the like, as they were.
    settings: Option<Termios>,
}

impl Lent {
    /// Lends the terminal on stdin to the group that `child` is made the leader of. `None` when it
    /// isn't ours to lend: stdin is something else, or we are in the background.
    ///
    /// The signals about terminals are blocked (see `launch.rs`), so that who is not in the foreground
    /// may set it.
    pub fn to(child: Pid) -> Option<Lent> {
        let our_group = getpgrp();
        // The child may have taken it itself by now: see [`lead_a_group`].
        let foreground = tcgetpgrp(stdin());
        if foreground != Ok(our_group) && foreground != Ok(child) {
            return None;
        }
        let _ = setpgid(child, child);
        let settings = tcgetattr(stdin()).ok();
        let lent = Lent { our_group, containers_group: child, may_join: getsid(None) != Ok(getpid()), settings };
        lent.lend();
        Some(lent)
    }

    fn lend(&self) {
        if self.may_join {
            let _ = setpgid(Pid::from_raw(0), self.containers_group);
        }
        // What can fail here is a terminal that was hung up, or a container that is gone: nothing is left
        // to be lent.
        let _ = tcsetpgrp(stdin(), self.containers_group);
    }

    /// Back to our group, with the terminal, for our own stop or end.
    pub fn take_back(&self) {
        if self.may_join && setpgid(Pid::from_raw(0), self.our_group).is_err() {
            // The others of our group (of a pipeline) have ended, and the group with them.
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        }
        let _ = tcsetpgrp(stdin(), getpgrp());
    }

    /// After a stop: lends it again if the shell has put us in the foreground (`fg`, not `bg`).
    pub fn lend_again(&self) {
        if tcgetpgrp(stdin()) == Ok(getpgrp()) {
            self.lend();
        }
    }

    /// Puts the settings back that a killed program could not: a shell that waits at its prompt has
    /// echo switched off.
    ///
    /// A shell does so for a job that dies of a signal. But for our shell we are that job, and we exit.
    pub fn restore_settings(&self) {
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(stdin(), SetArg::TCSADRAIN, settings);
        }
    }

    /// Whether the signals of its keys reach us as well.
    pub fn reaches_us(&self) -> bool {
        self.may_join
    }

    /// The process group to continue.
    pub fn group(&self) -> Pid {
        self.containers_group
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.take_back();
    }
}

/// For a child that runs at once: leads a group of its own, and takes the terminal if its parent
/// had it. The parent does the same for it; whoever comes first, it is done before the command
/// runs.
pub(crate) fn lead_a_group() {
    if tcgetpgrp(stdin()) == Ok(getpgrp()) {
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        let _ = tcsetpgrp(stdin(), getpid());
    }
}
