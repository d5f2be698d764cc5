//! The start gate: a container that is made but not started waits at a socket in its state
//! directory.
//!
//! Whoever connects starts it, from whichever process: OCI's `create` and `start` are two. What
//! goes wrong between the gate and the command comes back over the same connection, so a bad
//! command is the error of `start`. When the container is gone so is its listening socket, and a
//! connection is refused.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, connect, listen, socket};
use nix::sys::stat::Mode;

use crate::link::Link;
use crate::sys;

const FILE: &str = "gate";

/// The container's side: listening from before the clone, so that nobody can come too early.
#[derive(Debug)]
pub(crate) struct Gate {
    socket: OwnedFd,
}

impl Gate {
    /// Makes the gate in a state directory.
    pub fn build(directory: &Path) -> Result<Gate> {
        let socket = seqpacket()?;
        with_address(directory, |address| bind(socket.as_raw_fd(), address)).context("cannot make the start gate")?;
        listen(&socket, Backlog::new(1)?).context("cannot listen at the start gate")?;
        Ok(Gate { socket })
    }

    /// Waits for whoever starts the container.
    pub fn wait(&self) -> Result<Link> {
        loop {
            match accept4(self.socket.as_raw_fd(), SockFlag::SOCK_CLOEXEC) {
                Ok(fd) => return Ok(Link::over(sys::own(fd))),
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno).context("cannot wait at the start gate"),
            }
        }
    }
}

impl AsFd for Gate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Knocks at the gate of the container in `directory`.
pub(crate) fn knock(directory: &Path) -> Result<Link> {
    let socket = seqpacket()?;
    match with_address(directory, |address| connect(socket.as_raw_fd(), address)) {
        Ok(()) => Ok(Link::over(socket)),
        Err(Errno::ECONNREFUSED | Errno::ENOENT) => {
            bail!("it does not wait to be started: it runs already, or it is gone")
        }
        Err(errno) => Err(errno).context("cannot reach the start gate"),
    }
}

fn seqpacket() -> Result<OwnedFd> {
    socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).context("cannot make a socket")
}

/// A socket's path has at most 107 bytes (unix(7)), a state directory's may have more: go through a
/// descriptor of it.
fn with_address<T>(directory: &Path, call: impl FnOnce(&UnixAddr) -> nix::Result<T>) -> nix::Result<T> {
    let directory = open(directory, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    let path = format!("/proc/self/fd/{}/{FILE}", directory.as_raw_fd());
    call(&UnixAddr::new(path.as_str())?)
}
