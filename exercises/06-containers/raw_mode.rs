//! Exercise 6.4: a terminal, lent.
//!
//! `run -it` has two terminals in a row, and yours has to let every key through. And it has to be
//! as it was when you get it back, whatever happens. Read termios(3), cfmakeraw in it; check with
//! `cargo wb check 6.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

/// Does `work` while `terminal` is in raw mode, and returns what it returned. Afterwards the
/// terminal is exactly as it was, also if `work` fails or panics.
///
/// Fails, saying what was being done, when it is no terminal; then `work` isn't done.
pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    todo!("set it, work, put it back")
}
