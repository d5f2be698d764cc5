//! The terminal's foreground: it decides whom Ctrl-C and Ctrl-Z reach.

use std::io::IsTerminal;
use std::os::fd::{AsFd, OwnedFd};

use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

/// The terminal, when one sits at it: stdin and stdout are one, and this job has the foreground. In
/// a pipeline the foreground stays where it is, since the program at the other end of the pipe may
/// need it.
pub(crate) fn in_foreground() -> Option<OwnedFd> {
    let stdin = std::io::stdin();
    let ours = stdin.is_terminal() && std::io::stdout().is_terminal() && tcgetpgrp(&stdin) == Ok(getpgrp());
    ours.then(|| stdin.as_fd().try_clone_to_owned().ok()).flatten()
}

/// Whether our process group has the foreground.
pub(crate) fn is_ours(terminal: &OwnedFd) -> bool {
    tcgetpgrp(terminal) == Ok(getpgrp())
}

/// Hands the foreground to a process group of this session. SIGTTOU must be blocked or ignored
/// (tcsetpgrp(3)). A terminal that is gone needs no foreground.
pub(crate) fn give_to(terminal: &OwnedFd, group: Pid) {
    let _ = tcsetpgrp(terminal, group);
}
