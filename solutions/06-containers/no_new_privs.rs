//! Exercise 6.11: set no_new_privs for the right process.
//!
//! This function starts a command that must not gain privileges from setuid programs. It compiles
//! and returns Ok, but a setuid program in the container still runs as root. Find out which process
//! has no_new_privs. Read no_new_privs in prctl(2). Check with `cargo wb check 6.11`.

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sys::prctl::set_no_new_privs;
use nix::unistd::{ForkResult, Pid};

/// Starts `command` in a new process with no_new_privs, and returns the process's pid. The caller
/// itself doesn't get no_new_privs.
pub fn start_locked(command: &[OsString]) -> Result<Pid> {
    match given::fork()? {
        ForkResult::Parent { child } => {
            // wb:answer
            // wb:starter
            // // Also for the child, before it has executed anything.
            // set_no_new_privs().context("prctl(PR_SET_NO_NEW_PRIVS)")?;
            // wb:end
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
    // wb:answer
    // Here, and only here, it is the command's.
    if let Err(error) = set_no_new_privs().context("prctl(PR_SET_NO_NEW_PRIVS)") {
        return error;
    }
    // wb:end
    match given::exec(command) {
        Err(error) => error,
        Ok(never) => match never {},
    }
}
