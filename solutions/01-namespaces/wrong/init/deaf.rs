//! diagnosis: forwards-nothing
//! made by: whoever has read about zombies only (https://github.com/moby/moby/issues/29238): the loop around wait is half of it.

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::ForkResult;

pub fn run_as_init(command: &[OsString]) -> Result<i32> {
    let child = match given::fork()? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let Err(error) = given::exec(command);
            eprintln!("{error:#}");
            given::exit(given::exit_code_for_error(&error).into())
        }
    };
    loop {
        match waitpid(None, None).context("waitpid")? {
            WaitStatus::Exited(pid, code) if pid == child => return Ok(code),
            WaitStatus::Signaled(pid, signal, _) if pid == child => return Ok(128 + signal as i32),
            _ => {}
        }
    }
}
