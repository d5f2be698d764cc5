//! Exercise 3.9: what a container leaves behind.
//!
//! Namespaces end with the last process in them. A control group doesn't: it is a directory, and
//! stays until somebody removes it. Read cgroups(7) and rmdir(2); check with `cargo wb check 3.9`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use given::Cgroup;

/// Removes the container's group from each tree, with the groups that were made in it. What isn't
/// there any more is no error. The container has ended; a process of it that is about to end may be
/// in the group for a moment still, and then it is waited for.
///
/// Fails, within three seconds, where a process stays in it, which isn't harmed; the error says
/// which group it is.
///
/// Given are `group.directories() -> Vec<&Path>`, each tree's once.
pub fn remove(group: &Cgroup) -> Result<()> {
    todo!("rmdir, the deepest first")
}
