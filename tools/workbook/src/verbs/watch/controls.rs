//! The terminal, set so that each key is heard at once, and the signals: whatever ends us, the
//! terminal is as it was.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};
use nix::unistd::Pid;

#[derive(Debug)]
pub struct Controls {
    signals: SignalFd,
    heeded: SigSet,
    mask: SigSet,
    /// The terminal's settings as they were, where there are keys.
    terminal: Option<Termios>,
}

impl Controls {
    /// `keys`: stdin is a terminal, to be read key by key.
    pub fn take(keys: bool) -> Result<Controls> {
        use Signal::*;
        let heeded: SigSet = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCHLD].into_iter().collect();
        let terminal = keys.then(|| tcgetattr(io::stdin())).transpose().context("the terminal's settings")?;
        let mut mask = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&heeded), Some(&mut mask)).context("block signals")?;
        let signals = SignalFd::with_flags(&heeded, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let controls = Controls { signals, heeded, mask, terminal };
        controls.single_keys();
        Ok(controls)
    }

    pub fn signals(&self) -> BorrowedFd<'_> {
        self.signals.as_fd()
    }

    pub fn keys(&self) -> bool {
        self.terminal.is_some()
    }

    /// The next signal that has come.
    pub fn signal(&self) -> Option<Signal> {
        let info = self.signals.read_signal().ok().flatten()?;
        Signal::try_from(info.ssi_signo as i32).ok()
    }

    /// Does something with the terminal and the signals as they were: starts a program, which
    /// inherits both. A signal that ends us meanwhile finds the terminal in order.
    pub fn aside<T>(&self, what: impl FnOnce() -> T) -> T {
        self.as_before();
        let done = what();
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&self.heeded), None);
        self.single_keys();
        done
    }

    /// As Ctrl-Z does; returns when somebody lets us continue.
    pub fn stop(&self) {
        self.aside(|| {
            let _ = kill(Pid::this(), Signal::SIGSTOP);
        });
    }

    fn as_before(&self) {
        if let Some(before) = &self.terminal {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, before);
        }
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.mask), None);
    }

    /// Ctrl-C and Ctrl-Z go on to make signals, and output is what it was.
    fn single_keys(&self) {
        let Some(before) = &self.terminal else { return };
        let mut settings = before.clone();
        // TOSTOP would stop a check, which has a process group of its own, at its first word.
        settings.local_flags &= !(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::TOSTOP);
        settings.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        settings.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &settings);
    }
}

impl Drop for Controls {
    fn drop(&mut self) {
        self.as_before();
    }
}

/// Whether somebody sits there, to see the screen and to press keys.
pub fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
