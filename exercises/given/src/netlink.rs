//! Messages to the kernel about links, addresses and routes: rtnetlink(7).

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

/// A request: the kernel's header, a fixed part, and a list of attributes.
#[derive(Debug, Clone)]
pub struct Message(Vec<u8>);

/// Length, type, flags, sequence number, port: `struct nlmsghdr`.
const HEADER: usize = 16;

impl Message {
    // ANCHOR: message
    /// A request of this type. With `create` what it asks for must not be there yet.
    pub fn new(kind: u16, create: bool, fixed: &[u8]) -> Message {
        let create = if create { libc::NLM_F_CREATE | libc::NLM_F_EXCL } else { 0 };
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK | create) as u16;
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        bytes.extend(fixed);
        Message(bytes)
    }

    /// An attribute: its length, its type, and its value, filled up to a multiple of four.
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Message {
        let length = (4 + value.len()) as u16;
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }
    // ANCHOR_END: message

    /// As the value of an attribute, in which other attributes are nested.
    pub fn nested(fixed: &[u8]) -> Message {
        Message(fixed.to_vec())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Sends it, in the network namespace of this process, and returns what the kernel answers.
    pub fn send(mut self) -> nix::Result<()> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        let kernel = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
        send(kernel.as_raw_fd(), &self.0, MsgFlags::empty())?;
        let mut answer = [0; 4096];
        let length = loop {
            match recv(kernel.as_raw_fd(), &mut answer, MsgFlags::empty()) {
                Err(Errno::EINTR) => continue,
                length => break length?,
            }
        };
        // The answer's header, and behind it an errno, negative; 0 for success.
        let errno = answer[..length].get(HEADER..HEADER + 4).and_then(|bytes| bytes.try_into().ok());
        match errno.map(i32::from_ne_bytes) {
            Some(0) => Ok(()),
            Some(errno) => Err(Errno::from_raw(-errno)),
            None => Err(Errno::EBADMSG),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_says_its_length_and_is_filled_up() {
        let message = Message::new(16, true, &[7; 4]).attribute(3, b"lo\0");
        let [header, fixed, attribute] = [&message.0[..16], &message.0[16..20], &message.0[20..]];
        assert_eq!(u16::from_ne_bytes([header[4], header[5]]), 16);
        assert_eq!(fixed, [7; 4]);
        assert_eq!(attribute[..2], 7u16.to_ne_bytes());
        assert_eq!(attribute[4..], *b"lo\0\0");
    }

    #[test]
    fn the_kernels_refusal_is_an_errno() {
        // No interface has the number 0x7fff_fff0.
        let mut fixed = [0; 16];
        fixed[4..8].copy_from_slice(&0x7fff_fff0_i32.to_ne_bytes());
        let refused = Message::new(libc::RTM_DELLINK, false, &fixed).send();
        assert!(matches!(refused, Err(Errno::ENODEV | Errno::EPERM)), "{refused:?}");
    }
}
