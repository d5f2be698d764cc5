//! Exercise 6.5b: attack through a leaked descriptor, and the defence.
//!
//! A runtime has left a descriptor of a host directory open in a container. First use it for an
//! attack, then write the defence. Read proc_pid_fd(5), getcwd(2) and CVE-2024-21626. Check with
//! `cargo wb check 6.5b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The attack, which runs in the container. Returns the text of the host's file `name`, which is in
/// the parent directory of the leaked one. (Other files may be open too, and a directory of the
/// container.)
pub fn read_outside(name: &str) -> Result<String> {
    todo!("which descriptors does this process have?")
}

/// The defence. The runtime calls it in the container, right before it executes the command. Makes
/// `directory` the working directory, if it is in the container, and ensures that the command
/// inherits no descriptor above 2.
///
/// Returns an error with the reason if `directory` doesn't exist or is outside of the container.
///
/// Use `given::close_on_exec`.
pub fn work_in(directory: &Path) -> Result<()> {
    todo!("change the directory; then check where you are")
}
