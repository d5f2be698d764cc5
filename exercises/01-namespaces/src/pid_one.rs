//! Exercise 1.2: PID 1 of a PID namespace.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "1.2",
    name: "pid_one",
    title: "processes of its own, from number 1 on",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/pid.md",
    shown_by: "run ps",
    hints: &[
        "Type `unshare --user --map-root-user --pid sh -c '/bin/echo one; /bin/echo two; exit'`, and look at what the second echo \
         gets. Who is in the new PID namespace: the shell, or what it starts? What does `unshare --fork` do about it?",
        "A process never changes its own number, so unshare(CLONE_NEWPID) leaves the caller where it is: it is the caller's \
         next child that is born in the new namespace, as its number 1. So two calls, unshare and fork; which one first?",
        "given::fork() returns what this function has to return: ForkResult::Parent { child } in the one process, \
         ForkResult::Child in the other. Hand it on as it is: waiting for the child is up to the caller, who has things to \
         do in between.",
    ],
    mistakes: mistakes::ALL,
};
