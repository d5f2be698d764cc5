//! diagnosis: raw-after-a-panic
//! made by: whoever knows of `?`, and not of panics.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};

pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    let before = tcgetattr(terminal).context("tcgetattr")?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(terminal, SetArg::TCSANOW, &raw).context("tcsetattr")?;
    let result = work();
    tcsetattr(terminal, SetArg::TCSANOW, &before).context("tcsetattr")?;
    result
}
