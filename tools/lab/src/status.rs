//! Exit statuses: Docker's, and `timeout`'s for a time that is up.

use nix::sys::signal::Signal;

/// The outer stage's exit status when the lab couldn't be entered; stderr says why.
pub const CANNOT_ENTER: i32 = 125;

/// The outer stage's exit status when the time limit was reached, as with timeout(1).
pub const TIME_IS_UP: i32 = 124;

/// The program was found but can't be executed.
pub(crate) const NOT_EXECUTABLE: i32 = 126;

/// There is no such program.
pub(crate) const NOT_FOUND: i32 = 127;

/// What a shell reports for a process that a signal ended.
pub(crate) fn of_signal(signal: Signal) -> i32 {
    128 + signal as i32
}
