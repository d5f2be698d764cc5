//! Exercise 1.7: the flag that never arrived.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "1.7",
    name: "isolation",
    title: "the flag that never arrived",
    kind: Kind::Repair,
    chapter: "01-namespaces",
    page: "01-namespaces/trouble.md",
    shown_by: "run ls -l /proc/self/ns",
    hints: &[
        "The function says Ok, so ask somebody else. The page has a command that calls it and then runs `ls -l /proc/self/ns`: compare \
         with the same list from your shell. `cargo wb check 1.7` compares these inode numbers, too, before and after the call. Which \
         one stays?",
        "Follow that kind through the function: its name, its number in the table (`grep -n CLONE_NEW /usr/include/linux/sched.h`, or libc's \
         constants of that name), and what becomes of the number on its way to the kernel. `strace -f -e trace=unshare` \
         shows what arrives.",
        "CloneFlags is a set of *named* bits, and nix doesn't know all names. Read what bitflags says about from_bits_truncate, \
         from_bits and from_bits_retain: the first drops something.",
    ],
    mistakes: mistakes::ALL,
};
