//! Exercise 6.11: the promise that somebody else made.
//!
//! This runtime starts commands that shall gain nothing by setuid programs. It compiles, returns
//! Ok, and a setuid program in the container makes its caller root. Find out who has promised what.
//! Read no_new_privs in prctl(2); check with `cargo wb check 6.11`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sys::prctl::set_no_new_privs;
use nix::unistd::{ForkResult, Pid};

/// Starts `command` in a process of its own, which has promised to gain nothing by what it
/// executes, and returns its number. The caller is as free as before.
pub fn start_locked(command: &[OsString]) -> Result<Pid> {
    match given::fork()? {
        ForkResult::Parent { child } => {
            // Also for the child, before it has executed anything.
            set_no_new_privs().context("prctl(PR_SET_NO_NEW_PRIVS)")?;
            Ok(child)
        }
        ForkResult::Child => {
            let error = become_command(command);
            eprintln!("{error:#}");
            given::exit(i32::from(given::exit_code_for_error(&error)))
        }
    }
}

fn become_command(command: &[OsString]) -> anyhow::Error {
    match given::exec(command) {
        Err(error) => error,
        Ok(never) => match never {},
    }
}
