//! Exercise 3.5b: a limit that was hit.
//!
//! This is an attack: on the group that this process is in. A limit that nobody has hit is a hope.
//! Read fork(2) and the kernel's admin-guide/cgroup-v2 (PID); check with `cargo wb check 3.5b`.
//! (Don't call it elsewhere.)

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::unistd::{ForkResult, pause};

/// Starts processes until the kernel refuses one because of the group's limit, and returns when it
/// has. They need no time, and stay.
///
/// Fails when the kernel refuses one for another reason.
///
/// Given is `given::fork() -> Result<ForkResult>`, whose error has an `Errno` in it.
pub fn fork_bomb() -> Result<()> {
    // wb:answer
    loop {
        match given::fork() {
            Ok(ForkResult::Child) => loop {
                pause();
            },
            Ok(ForkResult::Parent { .. }) => {}
            Err(error) if error.downcast_ref() == Some(&Errno::EAGAIN) => return Ok(()),
            Err(error) => return Err(error).context("not the limit"),
        }
    }
    // wb:starter
    // todo!("until the kernel says EAGAIN")
    // wb:end
}
