//! The caller's terminal, while a container has it: every key goes through as it is, Ctrl-C too.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::Mutex;

use anyhow::{Context, Result};
use ch01_namespaces::explain::note;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

use crate::steps;

/// The settings to be put back, also by a panic.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Raw mode on stdin, until this value is dropped.
#[derive(Debug)]
pub struct RawMode(());

impl RawMode {
    // ANCHOR: raw
    /// Sets raw mode, if stdin is a terminal.
    pub fn set() -> Result<Option<RawMode>> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(stdin.as_fd()).context("cannot read the terminal's settings")?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        *BEFORE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(before);
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            put_back();
            usual(info);
        }));
        note(&steps::RAW_MODE, "tcsetattr", || vec!["0".into(), "TCSANOW".into(), "raw".into()]);
        tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &raw).context("cannot set the terminal to raw mode")?;
        Ok(Some(RawMode(())))
    }
    // ANCHOR_END: raw
}

fn put_back() {
    let before = BEFORE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
    if let Some(before) = before {
        let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, &before);
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        put_back();
    }
}

/// The size of our own terminal: letters and lines.
pub fn size_of(terminal: impl AsFd) -> Option<(u16, u16)> {
    crate::sys::window_size(terminal.as_fd()).ok().filter(|(columns, rows)| *columns > 0 && *rows > 0)
}

/// A descriptor that can be read when our terminal's size has changed.
pub fn was_resized() -> Result<SignalFd> {
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGWINCH);
    mask.thread_block().context("cannot block SIGWINCH")?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).context("signalfd")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::pty::openpty;
    use nix::sys::termios::LocalFlags;

    #[test]
    fn a_panic_puts_the_terminals_settings_back() {
        let pty = openpty(None, None).unwrap();
        let echoes = || tcgetattr(&pty.slave).unwrap().local_flags.contains(LocalFlags::ECHO | LocalFlags::ICANON);
        assert!(echoes());
        crate::sys::replace(0, pty.slave.as_fd()).unwrap();
        let work = || {
            // Nobody drops it: the hook does the work, as in a thread that isn't the one that has it.
            std::mem::forget(RawMode::set().unwrap().unwrap());
            assert!(!echoes(), "it is raw");
            panic!("on purpose");
        };
        let ended = std::thread::scope(|scope| scope.spawn(work).join());
        let null = std::fs::File::open("/dev/null").unwrap();
        crate::sys::replace(0, null.as_fd()).unwrap();
        assert_eq!(ended.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
        assert!(echoes(), "the terminal is raw still");
    }
}
