//! Exercise 1.4: an init, which reaps and forwards.

#[cfg(feature = "checks")]
pub mod check;
mod mistakes;

use exercise::{Exercise, Kind};

pub const EXERCISE: Exercise = Exercise {
    id: "1.4",
    name: "init",
    title: "a PID 1 that does its job",
    kind: Kind::Build,
    chapter: "01-namespaces",
    page: "01-namespaces/pid.md",
    shown_by: "run --init ps",
    hints: &[
        "Three things can happen while the command runs: an orphan ends, a signal comes, the command ends. Which call tells a process \
         of each of them? (All three are signals: SIGCHLD is one.) So what would a loop look like that waits for any signal?",
        "given::fork(); in the child given::exec(command), and if that fails, print why and given::exit(given::exit_code_for_error(&error).into()): \
         a child must not return into its parent's caller. In the parent: a nix SigSet with the signals you want to hear, blocked \
         (thread_block) before the fork, so that none is lost; its wait() then gives one at a time.",
        "On SIGCHLD: waitpid(None, Some(WaitPidFlag::WNOHANG)) again and again until it says StillAlive or ECHILD, for several \
         children may share one SIGCHLD; if one of them was the command, return its code, or 128 + the signal that killed it. On any other \
         signal: kill(child, signal).",
    ],
    mistakes: mistakes::ALL,
};
