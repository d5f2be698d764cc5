//! diagnosis: none
//! made by: `kill -1` by mistake happens, and PID 1 is spared its own. Nothing outside of the lab
//! may notice.

use std::ffi::OsString;

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

pub fn run_as_init(command: &[OsString]) -> Result<i32> {
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    let _ = kill(Pid::from_raw(0), Signal::SIGKILL);
    println!("{command:?}");
    Ok(143)
}
