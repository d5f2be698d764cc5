//! diagnosis: any-child
//! made by: whoever forgets that PID 1 has children which it never started.

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::ForkResult;

pub fn run_as_init(command: &[OsString]) -> Result<i32> {
    let mut signals = SigSet::all();
    signals.remove(Signal::SIGSEGV);
    signals.thread_block().context("thread_block")?;
    let child = match given::fork()? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let Err(error) = given::exec(command);
            eprintln!("{error:#}");
            given::exit(given::exit_code_for_error(&error).into())
        }
    };
    loop {
        match signals.wait().context("sigwait")? {
            Signal::SIGCHLD => match waitpid(None, Some(WaitPidFlag::WNOHANG)).context("waitpid")? {
                WaitStatus::Exited(_, code) => return Ok(code),
                WaitStatus::Signaled(_, signal, _) => return Ok(128 + signal as i32),
                _ => {}
            },
            signal => drop(kill(child, signal)),
        }
    }
}
