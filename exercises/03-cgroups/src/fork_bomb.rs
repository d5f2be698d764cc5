//! Exercise 3.8: a limit that was hit.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.8",
    name: "fork_bomb",
    title: "a limit that was hit",
    kind: Kind::Break,
    chapter: "03-cgroups",
    page: "03-cgroups/pids.md",
    shown_by: "",
    hints: &[
        "fork, again and again, until it fails: in a group with a limit that comes soon. Which errno says that the limit was hit, and which of \
         fork(2)'s errors would say something else?",
        "Each process that has ended, and was waited for, makes room for another. So the children have to stay: what could they do that needs no time \
         and never ends?",
        "nix::unistd::pause(), in the child, for ever: a child that returned from the function would be a second program. In the parent given::fork(), \
         until it is an error; error.downcast_ref::<Errno>() is what the kernel said.",
    ],
    mistakes: mistakes::ALL,
};
