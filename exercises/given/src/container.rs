//! A container for checks: it has everything of its own, and waits.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

use anyhow::{Context, Result, ensure};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, Pid};

use crate::checked::stay_as;
use crate::user_namespace::new_user_namespace;
use crate::{exit, fork, own_proc, wait};

/// Starts one, in a user namespace of its own, and returns the number of its PID 1, which is called
/// "container". `seal` is what it does last.
pub fn start_container(seal: impl FnOnce() -> Result<()>) -> Result<Pid> {
    let (told, tell) = pipe()?;
    match fork()? {
        ForkResult::Child => {
            drop(told);
            let failed = be_the_maker(seal, tell);
            eprintln!("the container: {:#}", failed.err().unwrap_or_else(|| anyhow::anyhow!("it ended")));
            exit(1)
        }
        ForkResult::Parent { .. } => {
            drop(tell);
            let mut number = [0; 4];
            let mut told = told;
            told.read_exact(&mut number).context("waiting for the container")?;
            Ok(Pid::from_raw(i32::from_ne_bytes(number)))
        }
    }
}

fn be_the_maker(seal: impl FnOnce() -> Result<()>, mut tell: PipeWriter) -> Result<()> {
    new_user_namespace()?;
    let own = libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET;
    unshare(CloneFlags::from_bits_retain(own)).context("unshare, for the container")?;
    let (complete, completed) = pipe()?;
    match fork()? {
        ForkResult::Child => be_the_container(seal, completed),
        ForkResult::Parent { child } => {
            drop(completed);
            wait_for(complete)?;
            tell.write_all(&child.as_raw().to_ne_bytes())?;
            drop(tell);
            exit(wait(child)?)
        }
    }
}

fn be_the_container(seal: impl FnOnce() -> Result<()>, mut completed: PipeWriter) -> ! {
    // A /proc of its own: in the container the numbers of outside mean nothing.
    if let Err(error) = own_proc().and_then(|()| seal()) {
        eprintln!("the container: {error:#}");
        exit(1)
    }
    crate::checked::call_myself("container");
    let _ = completed.write_all(b"!");
    drop(completed);
    stay_as("container")
}

fn wait_for(mut complete: PipeReader) -> Result<()> {
    ensure!(complete.read(&mut [0])? == 1, "the container ended before it was complete");
    Ok(())
}
