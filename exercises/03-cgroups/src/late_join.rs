//! Exercise 3.9: what isn't counted.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.9",
    name: "late_join",
    title: "what isn't counted",
    kind: Kind::Repair,
    chapter: "03-cgroups",
    page: "03-cgroups/groups.md",
    shown_by: "",
    hints: &[
        "`cargo wb check 3.9` starts a command that has more than a megabyte from its exec on, and a child. How much of that does the kernel count in \
         the group, and in which group was the command when it got it?",
        "A process that is moved takes neither its memory along nor the children that it has had by then. So it has to be in the group before it \
         does anything as the command: before exec. Who can see to that?",
        "The child of the fork, for itself, before given::exec: \"0\" to each cgroup.procs. And if it can't? The parent waits at the pipe for a word about \
         exec; it can be told about that, too.",
    ],
    mistakes: mistakes::ALL,
};
