//! What `std` and `nix` lack.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

/// The process to be started is killed when the thread that starts it ends (prctl(2)).
pub(crate) fn dies_with_us(command: &mut Command) -> &mut Command {
    let us = std::process::id() as i32;
    // SAFETY: between fork and exec only two system calls are made, which are async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            // It may have ended before that took effect.
            if getppid().as_raw() != us {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        })
    }
}
