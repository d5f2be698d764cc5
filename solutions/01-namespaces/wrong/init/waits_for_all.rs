//! diagnosis: waits-for-all
//! made by: whoever ends the loop at ECHILD, as PID 1 of a machine may; a container with a
//! background process never ends then (PITFALLS: "its exit kills the namespace").

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::errno::Errno;
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
    let mut own = 0;
    loop {
        match signals.wait().context("sigwait")? {
            Signal::SIGCHLD => loop {
                match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                    Ok(WaitStatus::Exited(pid, code)) if pid == child => own = code,
                    Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => own = 128 + signal as i32,
                    Ok(WaitStatus::StillAlive) => break,
                    Err(Errno::ECHILD) => return Ok(own),
                    _ => {}
                }
            },
            signal => drop(kill(child, signal)),
        }
    }
}
