//! diagnosis: locked-both
//! made by: whoever moves the line up: children inherit it, says the manual.

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sys::prctl::set_no_new_privs;
use nix::unistd::{ForkResult, Pid};

pub fn start_locked(command: &[OsString]) -> Result<Pid> {
    set_no_new_privs().context("prctl(PR_SET_NO_NEW_PRIVS)")?;
    match given::fork()? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let _ = given::exec(command);
            given::exit(127)
        }
    }
}
