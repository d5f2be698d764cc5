//! Exercise 3.5b: a limit that was hit.
//!
//! This is an attack: on the group that this process is in. A limit that nobody has hit is a hope.
//! Read fork(2) and the kernel's admin-guide/cgroup-v2 (PID); check with `cargo wb check 3.5b`.
//! (Don't call it elsewhere.)
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("until the kernel says EAGAIN")
}
