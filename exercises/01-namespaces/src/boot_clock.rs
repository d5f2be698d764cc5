//! Exercise 1.6: a boot clock of one's own, for one's children.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "1.6",
    name: "boot_clock",
    title: "a clock that counts from another boot",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/time.md",
    shown_by: "run --boottime +1d uptime",
    hints: &[
        "`cat /proc/self/timens_offsets` shows two clocks and how far each is off. Whose clocks are they, yours or those of the children that \
         you will have? And why would the kernel forbid to change them once somebody lives by them?",
        "unshare first, with the flag for time; then write one line to /proc/self/timens_offsets: the clock's name, seconds, \
         nanoseconds. Nobody may be in it by then: no child, and not you either. unshare leaves you where you are; don't join it. \
         The flag is spelled CloneFlags::from_bits_retain(libc::CLONE_NEWTIME).",
        "std::fs::write(\"/proc/self/timens_offsets\", format!(\"boottime {} {}\", ahead.as_secs(), ahead.subsec_nanos())), with a context: \
         the kernel says ERANGE to what is too far. The clock that isn't named keeps its offset, 0. And that was all: the caller's next \
         child is born with these clocks.",
    ],
    mistakes: mistakes::ALL,
};
