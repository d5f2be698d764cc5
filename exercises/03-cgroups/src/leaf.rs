//! Exercise 3.6: room for groups below.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.6",
    name: "leaf",
    title: "room for groups below",
    kind: Kind::Build,
    chapter: "03-cgroups",
    page: "03-cgroups/versions.md",
    shown_by: "run --memory 32m tail /dev/zero",
    hints: &[
        "On v2 a group gives its children a controller when its name, with a + in front, is written to the group's cgroup.subtree_control. The \
         kernel says EBUSY while there are processes in the group itself: cgroups(7), \"The 'no internal processes' rule\".",
        "So the processes have to go first: into a group below the parent, made for them. Each number in the parent's cgroup.procs is one, and ours is \
         among them; each is written to the cgroup.procs of the new group, one a write.",
        "Asked a second time, the group for them is there already, and the parent is empty. cgroup.controllers lists what the parent can give: on a \
         hybrid machine that isn't all. A group without cgroup.subtree_control is one of v1.",
    ],
    mistakes: mistakes::ALL,
};
