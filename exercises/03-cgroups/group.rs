//! Exercise 3.1a: a group, and a process in it.
//!
//! A control group is a directory in a file system of the kernel's. Who is in it is a file there.
//! Read cgroups(7); check with `cargo wb check 3.1a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

/// Makes the container's group in each tree: on v1 that is one for each controller, on v2 one for
/// all. Nobody is in it yet.
///
/// Fails when one of them is there already, for then it is another container's, or when the kernel
/// refuses it; and then none is left of those that were made before it.
///
/// Given are `group.directories() -> Vec<&Path>`, each tree's once.
pub fn create(group: &Cgroup) -> Result<()> {
    todo!("a directory in each tree")
}

/// Moves this process, with all its threads, into the group in each tree. Its children will be in
/// it, too.
///
/// Fails, saying where, when the kernel refuses it.
pub fn join(group: &Cgroup) -> Result<()> {
    todo!("this process, in each of them")
}
