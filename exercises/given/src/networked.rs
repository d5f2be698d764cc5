//! For checks: a process in a network namespace of its own.

use std::io::{Read, Write, pipe};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, Pid, getpid};

use crate::checked::stay_as;
use crate::{exit, fork, wait};

/// Starts one, which is called "container" and stays. No other namespace of it is its own.
pub fn start_networked_process() -> Result<Pid> {
    let (mut hears, mut tells) = pipe()?;
    match fork()? {
        ForkResult::Child => {
            drop(hears);
            crate::checked::call_myself("container");
            let moved = unshare(CloneFlags::CLONE_NEWNET);
            if let Err(errno) = moved.map_err(std::io::Error::from).and_then(|()| tells.write_all(b"!")) {
                eprintln!("a container's network namespace: {errno}");
                exit(1)
            }
            drop(tells);
            stay_as("container")
        }
        ForkResult::Parent { child } => {
            drop(tells);
            hears.read_exact(&mut [0]).context("waiting for a process with a network namespace of its own")?;
            Ok(child)
        }
    }
}

/// Moves this process to a network namespace of its own, to which `link` comes along as `name`.
pub fn move_with(link: &str, name: &str) -> Result<()> {
    let (mut hears, mut tells) = pipe()?;
    let process = getpid();
    match fork()? {
        ForkResult::Child => {
            drop(tells);
            // Here still is where the link is.
            let moved = hears.read_exact(&mut [0]).is_ok() && crate::move_link(link, process, name).is_ok();
            exit(if moved { 0 } else { 1 })
        }
        ForkResult::Parent { child } => {
            drop(hears);
            unshare(CloneFlags::CLONE_NEWNET).context("unshare(CLONE_NEWNET)")?;
            tells.write_all(b"!")?;
            anyhow::ensure!(wait(child)? == 0, "moving {link} to another network namespace");
            Ok(())
        }
    }
}
