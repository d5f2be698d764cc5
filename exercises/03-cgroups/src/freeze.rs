//! Exercise 3.5: halted, and going on.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.5",
    name: "freeze",
    title: "halted, and going on",
    kind: Kind::Build,
    chapter: "03-cgroups",
    page: "03-cgroups/freeze.md",
    shown_by: "pause NAME",
    hints: &[
        "On v1 it is the controller freezer, with a file freezer.state, which takes FROZEN and THAWED. On v2 every group has cgroup.freeze, which takes \
         1 and 0. But to write there is to ask for it.",
        "Each process has to come to a point at which it can stand still, and the kernel doesn't wait for that. v1: freezer.state, when read, says FREEZING \
         until all of them have. v2: there is a line \"frozen 1\" in cgroup.events when all have.",
        "So write, then read until it says what was asked for, with a millisecond's sleep between, and give up after some seconds: a process that waits \
         for a device can't be frozen before it has it.",
    ],
    mistakes: mistakes::ALL,
};
