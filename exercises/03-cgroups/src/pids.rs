//! Exercise 3.4: so many processes.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.4",
    name: "pids",
    title: "so many processes",
    kind: Kind::Build,
    chapter: "03-cgroups",
    page: "03-cgroups/pids.md",
    shown_by: "run --pids 5 sh -c 'for n in 1 2 3 4 5; do sleep 1 & done'",
    hints: &[
        "This controller has the same files on v1 and on v2, and few of them: ls them in /sys/fs/cgroup/pids, or in any group on v2. Which one \
         is the limit, and which says how many there are?",
        "pids.max takes a number, or the word max. It counts processes and threads of the group and of all groups below it. (setrlimit's \
         RLIMIT_NPROC counts those of a user, wherever they are; and it doesn't bind root.)",
    ],
    mistakes: mistakes::ALL,
};
