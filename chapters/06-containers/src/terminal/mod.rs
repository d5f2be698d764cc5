//! Terminals: the container's own, and the caller's in raw mode.

mod console;
mod raw;

pub use console::Console;
pub use raw::{RawMode, size_of, was_resized};

use std::os::fd::BorrowedFd;

use anyhow::Result;

/// Sets the size of a terminal, in letters and lines: TIOCSWINSZ, ioctl_tty(2). Its foreground
/// process group gets SIGWINCH.
pub fn resize(terminal: BorrowedFd<'_>, columns: u16, rows: u16) -> Result<()> {
    crate::sys::set_window_size(terminal, columns, rows)
}
