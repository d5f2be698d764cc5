//! Exercise 1.10: into a running container.
//!
//! A namespace is a file, /proc/PID/ns/KIND; setns(2) moves the caller into it.
//! Read setns(2), namespaces(7) and user_namespaces(7); check with `cargo wb check 1.10`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

/// Moves this process into all namespaces of `container` (its PID 1, say) that it isn't in already;
/// its children will be born in the container's PID namespace.
///
/// Fails, saying which step failed, when the container is gone or somebody else's.
///
/// `given::pidfd` makes a descriptor of a process. The flag of the kind `time` has no name in nix:
/// it is `CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)`.
pub fn join(container: Pid) -> Result<()> {
    todo!("join the namespaces of /proc/{container}/ns")
}
