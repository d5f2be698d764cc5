//! Exercise 3.7: what a container leaves behind.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.7",
    name: "removal",
    title: "what a container leaves behind",
    kind: Kind::Build,
    chapter: "03-cgroups",
    page: "03-cgroups/remains.md",
    shown_by: "run --pids 20 true",
    hints: &[
        "rmdir removes a group, though there are files in it: they are the kernel's. (rm -r, and remove_dir_all, would unlink the files first, and \
         nobody may.) When does it say EBUSY?",
        "A group in which a process is, or below which there is another group, is busy. Groups may be made inside of a container, too: the \
         children have to go first. And a process that was killed a moment ago may be in it still, for a moment.",
        "What has groups below it, which have groups below them, is a case for a function that calls itself. And where rmdir fails: which of its \
         errors means \"not yet\", which \"done already\", and how long may \"not yet\" take?",
    ],
    mistakes: mistakes::ALL,
};
