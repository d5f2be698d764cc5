//! diagnosis: came-back-twice
//! made by: whoever writes `?` behind exec in the child; two processes go on then. (PITFALLS: "In
//! the child always _exit".)

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
        ForkResult::Child => match given::exec(command)? {},
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
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == command => code = Some(128 + signal as i32),
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(code),
            _ => {}
        }
    }
}
