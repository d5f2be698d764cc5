//! diagnosis: not-as-it-was
//! made by: `stty sane`, in Rust.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};

pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    let before = tcgetattr(terminal).context("tcgetattr")?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(terminal, SetArg::TCSANOW, &raw).context("tcsetattr")?;
    let result = work();
    let mut sane = before.clone();
    sane.control_chars[nix::sys::termios::SpecialCharacterIndices::VERASE as usize] = 0x7f;
    tcsetattr(terminal, SetArg::TCSANOW, &sane).context("tcsetattr")?;
    result
}
