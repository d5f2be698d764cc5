//! Exercise 3.5a: so many processes.
//!
//! A fork bomb needs neither time nor memory worth speaking of: it uses up the numbers for
//! processes, and then nobody can start one. Read the kernel's admin-guide/cgroup-v2 (PID) and
//! cgroup-v1/pids; check with `cargo wb check 3.5a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

/// Lets the group have `most` processes and threads at the same time, the container's first one
/// among them. The next fork is refused with EAGAIN.
///
/// Fails, saying what was being done, when the kernel refuses it.
///
/// Given is `group.directory("pids") -> Result<&Path>`.
pub fn limit_pids(group: &Cgroup, most: u64) -> Result<()> {
    todo!("one file, the same on v1 and v2")
}
