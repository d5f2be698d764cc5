//! A line that says what one is waiting for, on a terminal only, and gone when it is over.

use std::io::{IsTerminal, Write, stderr};

pub struct Busy(());

impl Busy {
    /// `None` where nobody looks on.
    pub fn with(what: &str) -> Option<Busy> {
        let mut stderr = stderr();
        stderr.is_terminal().then(|| {
            let _ = write!(stderr, "{what}").and_then(|()| stderr.flush());
            Busy(())
        })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        // To the line's beginning, and erase to its end: console_codes(4).
        let _ = write!(stderr(), "\r\x1b[K");
    }
}
