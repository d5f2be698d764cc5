//! The link between the host and the child: one message at a time, and descriptors with it.
//!
//! It is a pair of SEQPACKET sockets (unix(7)): messages keep their borders, and when the other
//! side is gone a receive says so instead of waiting. Both ends are close-on-exec, so a successful
//! execve(2) closes the child's.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result, bail};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::explain::Step;
use crate::failure::Failure;
use crate::sys;

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromChild {
    /// "Mechanism number N needs its host side now; I wait."
    Ask(usize),
    /// A step of mine, to be told.
    Did(Step),
    /// All but the last stage is done. Death before this is an error.
    Ready,
    /// The last stage is done and execve comes next. I wait for your word; after it, silence means
    /// success.
    Sealed,
    /// It went wrong; I am about to exit.
    Failed(Failure),
}

/// What the host says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromHost {
    /// The host side of the mechanism is done; descriptors come with the message.
    Attached(Vec<u8>),
    /// Your process id is on disk: you may go and wait at the gate.
    WaitAtGate,
    /// Through the gate.
    Start,
    /// What you have told is printed, and that you run is on disk: become the command.
    Go,
}

/// Small enough for the default socket buffer, large enough for any narration.
const LARGEST: usize = 128 * 1024;
const MOST_FDS: usize = 16;

/// One end.
#[derive(Debug)]
pub struct Link {
    socket: OwnedFd,
}

impl Link {
    /// Both ends, close-on-exec.
    pub fn pair() -> Result<(Link, Link)> {
        let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .context("cannot make the socket pair between host and container")?;
        Ok((Link::over(a), Link::over(b)))
    }

    /// A link over a connected SEQPACKET socket.
    pub fn over(socket: OwnedFd) -> Link {
        Link { socket }
    }

    /// Sends one message. A peer that is gone is an error (EPIPE), never a signal.
    pub fn send(&self, message: &impl Serialize, fds: &[OwnedFd]) -> Result<()> {
        let bytes = serde_json::to_vec(message)?;
        let raw: Vec<_> = fds.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let control = if raw.is_empty() { &[] } else { &rights[..] };
        retry(|| {
            sendmsg::<()>(self.socket.as_raw_fd(), &[IoSlice::new(&bytes)], control, MsgFlags::MSG_NOSIGNAL, None)
        })
        .context("cannot send over the link")?;
        Ok(())
    }

    /// Receives one message, or `None` when the other side has closed its end.
    pub fn receive<M: DeserializeOwned>(&self) -> Result<Option<(M, Vec<OwnedFd>)>> {
        let mut bytes = vec![0; LARGEST];
        let mut control = cmsg_space!([i32; MOST_FDS]);
        let (length, fds) = {
            let mut buffers = [IoSliceMut::new(&mut bytes)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            let received = loop {
                match recvmsg::<()>(self.socket.as_raw_fd(), &mut buffers, Some(&mut control), flags) {
                    Err(Errno::EINTR) => continue,
                    // A child that was killed with unread messages resets the connection: as gone as one that closed
                    // it.
                    Err(Errno::ECONNRESET) => return Ok(None),
                    other => break other.context("cannot receive over the link")?,
                }
            };
            let mut fds = Vec::new();
            for message in received.cmsgs()? {
                if let ControlMessageOwned::ScmRights(raw) = message {
                    fds.extend(raw.into_iter().map(sys::own));
                }
            }
            if received.flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC) {
                bail!("a message on the link is too large: {LARGEST} bytes of JSON and {MOST_FDS} descriptors fit");
            }
            (received.bytes, fds)
        };
        if length == 0 {
            return Ok(None);
        }
        let message = serde_json::from_slice(&bytes[..length]).context("a message on the link can't be read")?;
        Ok(Some((message, fds)))
    }
}

impl From<Link> for OwnedFd {
    fn from(link: Link) -> OwnedFd {
        link.socket
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => continue,
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn messages_arrive_whole_and_in_order_with_their_descriptors() {
        let (host, child) = Link::pair().unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        host.send(&FromHost::Attached(vec![1, 2, 3]), &[writer.into()]).unwrap();
        host.send(&FromHost::WaitAtGate, &[]).unwrap();

        let (first, fds) = child.receive::<FromHost>().unwrap().unwrap();
        assert!(matches!(first, FromHost::Attached(bytes) if bytes == [1, 2, 3]));
        let mut writer = std::fs::File::from(fds.into_iter().next().unwrap());
        writer.write_all(b"through").unwrap();
        drop(writer);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        assert!(matches!(child.receive().unwrap().unwrap().0, FromHost::WaitAtGate));
    }

    #[test]
    fn a_closed_end_is_told_and_not_waited_for() {
        let (host, child) = Link::pair().unwrap();
        drop(child);
        assert!(host.receive::<FromChild>().unwrap().is_none());
        assert!(host.send(&FromHost::Start, &[]).is_err());
    }
}
