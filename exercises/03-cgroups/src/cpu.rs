//! Exercise 3.2: a part of the processors.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.2",
    name: "cpu",
    title: "a part of the processors",
    kind: Kind::Build,
    chapter: "03-cgroups",
    page: "03-cgroups/cpu.md",
    shown_by: "run --cpus 0.5 sh -c 'timeout 2 yes >/dev/null; times'",
    hints: &[
        "The kernel knows no share of a processor, only time: in each period of so many microseconds, the processes of the group together may \
         run for so many. Two processors are twice the period.",
        "On v2 one file has both numbers, cpu.max: \"QUOTA PERIOD\". On v1 there are two, cpu.cfs_quota_us and cpu.cfs_period_us. The \
         period is 100000 usually, and so it is for Docker.",
        "group.version(\"cpu\")? says which. (quota = cpus × period, as a whole number.) What would the kernel make of a quota below zero, and of \
         none? -1 is v1's word for no limit at all.",
    ],
    mistakes: mistakes::ALL,
};
