//! Exercise 6.4: a terminal, lent.
//!
//! `run -it` has two terminals in a row, and yours has to let every key through. And it has to be
//! as it was when you get it back, whatever happens. Read termios(3), cfmakeraw in it; check with
//! `cargo wb check 6.4`.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

/// Does `work` while `terminal` is in raw mode, and returns what it returned. Afterwards the
/// terminal is exactly as it was, also if `work` fails or panics.
///
/// Fails, saying what was being done, when it is no terminal; then `work` isn't done.
pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    // wb:answer
    let before = tcgetattr(terminal).context("tcgetattr: is it a terminal?")?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(terminal, SetArg::TCSANOW, &raw).context("tcsetattr: raw mode")?;
    let _back = PutBack { terminal, before };
    work()
    // wb:starter
    // todo!("set it, work, put it back")
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
