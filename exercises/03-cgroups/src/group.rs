//! Exercise 3.1: a group, and a process in it.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.1",
    name: "group",
    title: "a group, and a process in it",
    kind: Kind::Build,
    chapter: "03-cgroups",
    page: "03-cgroups/groups.md",
    shown_by: "run --pids 1 timeout 9 date",
    hints: &[
        "There is no system call for groups: mkdir makes one, and the kernel puts its files into it. Look at one: ls \
         /sys/fs/cgroup. Which of the files has the numbers of processes in it, and what happens to what is written there?",
        "On v1 there is a tree for each controller, so a container has several groups; on v2 it is one. group.folders() has them \
         all, each once. One that is there already is another container's: create_dir says so, create_dir_all doesn't. And what was \
         made before that one?",
        "A process is moved by its number, written to cgroup.procs; 0 means the process that writes. (tasks and cgroup.threads move a single \
         thread.) On v1 that is one write for each tree.",
    ],
    mistakes: mistakes::ALL,
};
