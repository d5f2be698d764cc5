use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use crate::sys;

/// The answer to a request for an upgrade: what follows is no HTTP.
pub const SWITCHING_PROTOCOLS: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/// Gives an open connection to the process at the other end of `shim`, with bytes that were read
/// from it already. Returns when that process has it.
///
/// The kernel makes a descriptor for the same connection there (SCM_RIGHTS, unix(7)). The caller's
/// own stays open until it is dropped.
pub fn pass_on(mut shim: &UnixStream, connection: impl AsFd, early: &[u8]) -> Result<()> {
    let length = (early.len() as u64).to_be_bytes();
    let rights = [connection.as_fd().as_raw_fd()];
    let message = [ControlMessage::ScmRights(&rights)];
    let sent = sendmsg::<()>(shim.as_raw_fd(), &[IoSlice::new(&length)], &message, MsgFlags::MSG_NOSIGNAL, None);
    let sent = sent.context("sendmsg: giving the connection to the shim")?;
    ensure!(sent == length.len(), "sendmsg sent {sent} bytes of {}", length.len());
    shim.write_all(early).context("giving the bytes to the shim that were read ahead")?;
    shim.read_exact(&mut [0]).context("the shim has gone before it said that it has the connection")
}

/// The other end of `pass_on`. The one who passes it on waits until `done` has been called with the
/// connection.
pub fn take_passed(from: &UnixStream, done: impl FnOnce(&UnixStream)) -> Result<(UnixStream, Vec<u8>)> {
    take(from, done)
}

/// The same for any kind of descriptor.
pub(crate) fn take<T: From<OwnedFd>>(mut from: &UnixStream, done: impl FnOnce(&T)) -> Result<(T, Vec<u8>)> {
    let mut length = [0; 8];
    let mut space = nix::cmsg_space!([i32; 1]);
    let mut buffers = [IoSliceMut::new(&mut length)];
    let message = recvmsg::<()>(from.as_raw_fd(), &mut buffers, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    ensure!(message.bytes == 8, "nothing was passed on");
    let mut passed = None;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(received) = control {
            passed = received.into_iter().map(sys::own).next();
        }
    }
    let passed = T::from(passed.context("the message has no descriptor")?);
    let mut early = vec![0; usize::try_from(u64::from_be_bytes(length))?];
    from.read_exact(&mut early)?;
    done(&passed);
    from.write_all(&[0])?;
    Ok((passed, early))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_and_what_was_read_ahead_arrive_at_the_other_end() {
        let (mut client, server) = UnixStream::pair().expect("a pair of sockets");
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        let taker = std::thread::spawn(move || take_passed(&theirs, |_| ()).expect("a connection"));
        pass_on(&ours, &server, b"early").expect("somebody takes it");
        drop(server);
        let (mut passed, early) = taker.join().expect("no panic");
        assert_eq!(early, b"early");
        passed.write_all(b"still open").expect("the client is there");
        drop(passed);
        let mut read = String::new();
        client.read_to_string(&mut read).expect("the end comes");
        assert_eq!(read, "still open");
    }

    #[test]
    fn a_shim_that_has_gone_is_an_error() {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        drop(theirs);
        assert!(pass_on(&ours, &ours, b"").is_err());
    }
}
