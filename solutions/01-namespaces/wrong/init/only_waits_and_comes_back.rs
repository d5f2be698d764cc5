//! diagnosis: only-waits
//! made by: a first try that makes both mistakes: it waits for the command alone, and returns from
//! the child where the command isn't there. The one that matters in every container comes first.

use std::ffi::OsString;

use anyhow::Result;
use nix::unistd::ForkResult;

pub fn run_as_init(command: &[OsString]) -> Result<i32> {
    match given::fork()? {
        ForkResult::Parent { child } => given::wait(child),
        ForkResult::Child => match given::exec(command)? {},
    }
}
