//! Exercise 6.2: start a command in the background.
//!
//! `run -d` ends while the container runs, and an hour later you want to know its exit status. Make
//! a shim process that waits for the container. Read wait(2) and setsid(2). Check with `cargo wb
//! check 6.2`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

/// Starts `command` with a shim as its parent, and returns at once. When the command ends, the shim
/// writes its exit code (128 + N if signal N killed it) to the file `status`, in decimal, and ends.
/// The caller may end earlier. After the function has returned, the caller has no child left.
///
/// Use `given::fork`, `wait`, `exec` and `exit`.
pub fn start_detached(command: &[OsString], status: &Path) -> Result<()> {
    todo!("which process waits for the command, and which process is its parent?")
}
