use std::net::TcpListener;
use std::os::fd::{AsRawFd, RawFd};

use anyhow::{Context, Result};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use crate::sys;

/// Lets the next program of this process have the listener, too; and the number that it has there.
pub fn leave_open(listener: &TcpListener) -> Result<RawFd> {
    fcntl(listener, FcntlArg::F_SETFD(FdFlag::empty())).context("fcntl(F_SETFD): a listener that stays open")?;
    Ok(listener.as_raw_fd())
}

/// The listener that the program before this one has left open. No later program gets it.
pub fn left_open(number: RawFd) -> Result<TcpListener> {
    let listener = TcpListener::from(sys::own(number));
    let close = fcntl(&listener, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    close.with_context(|| format!("fcntl(F_SETFD): no listener was left open as {number}"))?;
    Ok(listener)
}
