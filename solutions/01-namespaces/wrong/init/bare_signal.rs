//! diagnosis: bare-signal
//! made by: whoever takes both numbers of waitpid(2) for the same thing.

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

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
            Signal::SIGCHLD => {
                if let Some(code) = reap(child)? {
                    return Ok(code);
                }
            }
            signal => drop(kill(child, signal)),
        }
    }
}

fn reap(command: Pid) -> Result<Option<i32>> {
    let mut code = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, own)) if pid == command => code = Some(own),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == command => code = Some(signal as i32),
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(code),
            _ => {}
        }
    }
}
