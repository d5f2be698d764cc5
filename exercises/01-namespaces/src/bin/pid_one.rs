//! The program around an answer to exercise 1.3a. `cargo wb check 1.3a` builds it and runs it in
//! the lab.

use std::fs;
use std::path::PathBuf;

use given::checked;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{ForkResult, Pid};

include!(concat!(env!("OUT_DIR"), "/pid_one.rs"));

fn main() {
    let caller = who_am_i();
    checked::ready(|| {
        // The parent will send this one to the process whose number it was told; blocked, it stays there to
        // be seen.
        SigSet::from(Signal::SIGUSR1).thread_block()?;
        given::user_namespace()
    });
    match answers::pid_one::fork_as_pid_one() {
        Ok(ForkResult::Child) if who_am_i() != caller => be_the_child(),
        // Returned as the child, and nobody was born.
        Ok(ForkResult::Child) => checked::returned(Ok(())),
        Ok(ForkResult::Parent { child }) => be_the_parent(child),
        Err(error) if who_am_i() == caller => checked::returned(Err(error)),
        Err(error) => {
            eprintln!("in the child: {error:#}");
            checked::stay_as("failed child")
        }
    }
}

/// A number that differs between caller and child also where both are, say, number 2 of their
/// namespace.
fn who_am_i() -> PathBuf {
    fs::read_link("/proc/self").unwrap_or_default()
}

fn be_the_parent(child: Pid) -> ! {
    // Not to a group, nor to everybody: those aren't numbers of a child.
    if child.as_raw() > 0 {
        let _ = kill(child, Signal::SIGUSR1);
    }
    checked::returned(Ok(()))
}

/// Starts a process, as any container does, and waits to be looked at.
fn be_the_child() -> ! {
    // The name first: who sees a grandchild shall find its parent, too.
    checked::call_myself("child");
    if let Ok(ForkResult::Child) = given::fork() {
        checked::stay_as("grandchild");
    }
    checked::stay_as("child")
}
