//! diagnosis: swallowed-the-error
//! made by: whoever wants it to work in a pipe, too.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};

pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    let before = tcgetattr(terminal);
    if let Ok(before) = &before {
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        let _ = tcsetattr(terminal, SetArg::TCSANOW, &raw).context("tcsetattr");
    }
    struct Guard<F: FnMut()>(F);
    impl<F: FnMut()> Drop for Guard<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let _guard = Guard(|| {
        if let Ok(before) = &before {
            let _ = tcsetattr(terminal, SetArg::TCSANOW, before);
        }
    });
    work()
}
