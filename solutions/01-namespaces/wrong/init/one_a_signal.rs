//! diagnosis: one-a-signal
//! made by: whoever takes a signal for a message: one SIGCHLD, one child (signal(7): standard
//! signals do not queue; "zombies which do not get reaped even when using --init", https://github.com/moby/moby/issues/35160).

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
                WaitStatus::Exited(pid, code) if pid == child => return Ok(code),
                WaitStatus::Signaled(pid, signal, _) if pid == child => return Ok(128 + signal as i32),
                _ => {}
            },
            signal => drop(kill(child, signal)),
        }
    }
}
