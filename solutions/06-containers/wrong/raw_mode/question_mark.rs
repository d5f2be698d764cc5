//! diagnosis: raw-after-an-error
//! made by: everybody, once.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};

pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    let before = tcgetattr(terminal).context("tcgetattr")?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(terminal, SetArg::TCSANOW, &raw).context("tcsetattr")?;
    let code = work()?;
    tcsetattr(terminal, SetArg::TCSANOW, &before).context("tcsetattr")?;
    Ok(code)
}
