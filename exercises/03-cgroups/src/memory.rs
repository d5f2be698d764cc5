//! Exercise 3.3: so much memory, and who was killed for more.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "3.3",
    name: "memory",
    title: "so much memory, and who was killed for more",
    kind: Kind::Build,
    chapter: "03-cgroups",
    page: "03-cgroups/memory.md",
    shown_by: "run --memory 64m sh -c 'head -c 200m /dev/zero | tail'",
    hints: &[
        "A limit is a number of bytes in a file: memory.max on v2, memory.limit_in_bytes on v1. But who has swap can swap instead of being \
         stopped, and then the limit is no limit. There is another file for that.",
        "What swap may be used has its own limit: on v2 it is memory.swap.max, of swap alone; on v1 memory.memsw.limit_in_bytes, of memory and swap \
         together, and never below the limit on memory, so the order matters. Where the kernel doesn't count swap, the \
         file isn't there, and that is no error.",
        "Exit code 137 says that somebody sent SIGKILL. That it was the kernel, for want of memory, is counted: a line \"oom_kill N\" in \
         memory.events on v2, in memory.oom_control on v1. (memory.failcnt and the line \"max\" count something else: how often the limit was hit. Mostly \
         the kernel then finds something to give back.)",
    ],
    mistakes: mistakes::ALL,
};
