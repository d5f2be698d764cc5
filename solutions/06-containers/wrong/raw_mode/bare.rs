//! diagnosis: bare-errno
//! made by: every first version with `?`.

use std::fs::File;

use anyhow::{Context, Result};
use nix::sys::termios::{LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};

pub fn with_raw_terminal(terminal: &File, work: impl FnOnce() -> Result<i32>) -> Result<i32> {
    let before = tcgetattr(terminal)?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(terminal, SetArg::TCSANOW, &raw)?;
    struct Guard<F: FnMut()>(F);
    impl<F: FnMut()> Drop for Guard<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let _guard = Guard(|| drop(tcsetattr(terminal, SetArg::TCSANOW, &before)));
    work()
}
