//! The line between the outer stage and the lab's PID 1: one message a packet.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use doctor::Step;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// PID 1 to outer stage: the lab isn't complete, with the step and its reason.
    Refused { why: String, at: Option<(Step, i32)> },
    /// PID 1 to outer stage: Ctrl-Z, the program has stopped.
    Stopped,
    /// Outer stage to PID 1: let the program go on, with the terminal if the shell gave it to us.
    GoOn { in_foreground: bool },
    /// Outer stage to PID 1: pass this signal on to the program.
    Signal(i32),
}

/// One end of the line; the other end's death closes it.
pub(crate) struct Link(OwnedFd);

impl Link {
    pub fn pair() -> Result<(Link, Link)> {
        let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .context("socketpair(SOCK_SEQPACKET)")?;
        Ok((Link(a), Link(b)))
    }

    /// A message to the dead is no error: their death is noticed elsewhere.
    pub fn tell(&self, message: &Message) {
        let bytes = serde_json::to_vec(message).expect("messages are plain data");
        let _ = send(self.0.as_raw_fd(), &bytes, MsgFlags::MSG_NOSIGNAL);
    }

    /// The next message; `None` when the other end is closed.
    pub fn hear(&self) -> Option<Message> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(0) => return None,
                Ok(length) => return serde_json::from_slice(&buffer[..length]).ok(),
                Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
