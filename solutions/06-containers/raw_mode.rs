//! Exercise 6.4: use a terminal in raw mode, and restore it.
//!
//! With `run -it`, input passes through two terminals, and yours must pass every key through
//! unchanged. Afterwards it must have its former settings, whatever happens. Read about cfmakeraw
//! in termios(3). Check with `cargo wb check 6.4`.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

/// Calls `work` while `terminal` is in raw mode, and returns the result of `work`. Afterwards the
/// terminal has exactly its former settings, even if `work` fails or panics.
///
/// Returns an error with a context if `terminal` isn't a terminal, and then doesn't call `work`.
pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    // wb:answer
    let before = tcgetattr(terminal).context("tcgetattr: is it a terminal?")?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(terminal, SetArg::TCSANOW, &raw).context("tcsetattr: raw mode")?;
    let _back = PutBack { terminal, before };
    work()
    // wb:starter
    // todo!("set raw mode, call work, restore the settings")
    // wb:end
}

// wb:answer
/// Dropped on every way out, a panic's too.
struct PutBack<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        // Who could be told?
        let _ = tcsetattr(self.terminal, SetArg::TCSANOW, &self.before);
    }
}
// wb:end
