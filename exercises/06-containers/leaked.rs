//! Exercise 6.5b: the descriptor that was left open.
//!
//! A runtime has left a descriptor of one of the host's directories open in a container. First get
//! out through it, then close the hole. Read proc_pid_fd(5), getcwd(2), and CVE-2024-21626; check
//! with `cargo wb check 6.5b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The attack, called in the container: the text of the host's file `name`, which lies one
/// directory above the one that was left open. (There may be other open files, and one
/// more directory, of the container's own.)
pub fn read_outside(name: &str) -> Result<String> {
    todo!("which files are open in this process?")
}

/// The defence, called by the runtime in the container, right before it executes the command: makes
/// `directory` the working directory, if it is in the container. From then on, nothing that the
/// runtime has open is of use to the command.
///
/// Fails, saying why, when `directory` is missing, or outside.
///
/// Given is `given::close_on_exec`.
pub fn work_in(directory: &Path) -> Result<()> {
    todo!("go there, then look where you are")
}
