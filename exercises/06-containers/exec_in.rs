//! Exercise 6.5a: exec, the right way round.
//!
//! This runtime's exec starts a command in a container that runs. It compiles, the command runs,
//! and its exit code arrives. And something is wrong with where it runs, and with what it may do.
//! Compare the command with the container's PID 1, then find the two lines that are in the wrong
//! order. Read setns(2), user_namespaces(7); check with `cargo wb check 6.5a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::{ForkResult, Pid};

/// Runs `command` in `container` (the number of its PID 1), as one of the container's processes and
/// with no more powers than those have. Returns its exit code. The caller stays where it is.
///
/// `seal` takes from the process that calls it, for good, the powers that the container doesn't
/// have.
pub fn exec_in(container: Pid, seal: &dyn Fn() -> Result<()>, command: &[OsString]) -> Result<i32> {
    match given::fork()? {
        ForkResult::Parent { child } => given::wait(child),
        ForkResult::Child => {
            let code = enter_and_run(container, seal, command).unwrap_or_else(|error| {
                eprintln!("{error:#}");
                i32::from(given::exit_code_for_error(&error))
            });
            given::exit(code)
        }
    }
}

/// In the child: it doesn't come back from the container.
fn enter_and_run(container: Pid, seal: &dyn Fn() -> Result<()>, command: &[OsString]) -> Result<i32> {
    // First, so that nothing in the container can use them.
    seal()?;
    join(container)?;
    match given::exec(command)? {}
}

fn join(container: Pid) -> Result<()> {
    let process = given::pidfd(container)?;
    let all = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWCGROUP
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET;
    setns(process, all).with_context(|| format!("setns: joining the namespaces of {container}"))
}
