//! For checks: a process in a network namespace of its own.

use std::io::{Read, Write, pipe};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, Pid, getpid};

use crate::checked::stay_as;
use crate::{exit, fork, wait};

/// Starts one, which is called "container" and stays. No other namespace of it is its own.
pub fn start_networked_process() -> Result<Pid> {
    start_machine("container", None, || Ok(()))
}

/// The same under a name, with a link that it gets as `eth0`, and with what it does then.
pub fn start_machine(name: &str, link: Option<&str>, configure: impl FnOnce() -> Result<()>) -> Result<Pid> {
    let (mut hears, mut tells) = pipe()?;
    let (mut waits, mut lets_go) = pipe()?;
    match fork()? {
        ForkResult::Child => {
            drop((hears, lets_go));
            crate::checked::call_myself(name);
            let mut prepare = || -> Result<()> {
                unshare(CloneFlags::CLONE_NEWNET).context("unshare(CLONE_NEWNET)")?;
                tells.write_all(b"!")?;
                waits.read_exact(&mut [0])?;
                Ok(())
            };
            if let Err(error) = prepare().and_then(|()| configure()).and_then(|()| Ok(tells.write_all(b"!")?)) {
                eprintln!("{name}: {error:#}");
                exit(1)
            }
            drop(tells);
            stay_as(name)
        }
        ForkResult::Parent { child } => {
            drop((tells, waits));
            hears.read_exact(&mut [0]).with_context(|| format!("waiting for the network namespace of {name}"))?;
            if let Some(link) = link {
                crate::move_link(link, child, "eth0").with_context(|| format!("moving {link} to {name}"))?;
            }
            lets_go.write_all(b"!")?;
            hears.read_exact(&mut [0]).with_context(|| format!("waiting for {name}"))?;
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
