//! diagnosis: never-raw
//! made by: whoever takes the structure for the terminal.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};

pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    let mut raw = tcgetattr(terminal).context("tcgetattr")?;
    cfmakeraw(&mut raw);
    work()
}
