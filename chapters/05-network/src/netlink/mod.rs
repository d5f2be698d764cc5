//! Talking to the kernel about links, addresses and routes: rtnetlink(7), one request and its
//! answer at a time.

mod address;
mod link;
mod route;

pub use link::{Bridge, Link, Veth};

use std::cell::Cell;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result, anyhow, bail};
use ch01_namespaces::Why;
use ch01_namespaces::explain::report;
use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

/// A socket to the kernel. It belongs to the network namespace that it was opened in, for ever,
/// wherever the process that holds it goes.
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
    sequence: Cell<u32>,
}

/// What a request says in the narration.
pub(crate) struct Told {
    pub why: &'static Why,
    /// As `RTM_NEWLINK`.
    pub call: &'static str,
    pub args: Vec<String>,
}

impl Netlink {
    /// Opens one in this process's network namespace.
    pub fn open() -> Result<Netlink> {
        let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)
            .context("cannot open a netlink socket")?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0)).context("cannot bind a netlink socket")?;
        Ok(Netlink::over(socket))
    }

    /// One that was opened elsewhere.
    pub fn over(socket: OwnedFd) -> Netlink {
        Netlink { socket, sequence: Cell::new(1) }
    }

    // ANCHOR: request
    /// Sends a request, and waits for the kernel's acknowledgement: an errno, 0 for success.
    pub(crate) fn request(&self, told: Told, message: RouteNetlinkMessage, flags: u16) -> Result<()> {
        let sent = self.exchange(message, flags | NLM_F_REQUEST | NLM_F_ACK, |_| {});
        let result = match sent {
            Ok(()) => Ok(()),
            Err(error) => match error.downcast::<Errno>() {
                Ok(errno) => Err(errno),
                Err(error) => return Err(error),
            },
        };
        report(told.why, told.call, || told.args.clone(), result)
    }
    // ANCHOR_END: request

    /// Asks for all of a kind; not narrated, since nothing changes.
    pub(crate) fn dump(&self, message: RouteNetlinkMessage, mut each: impl FnMut(RouteNetlinkMessage)) -> Result<()> {
        self.exchange(message, NLM_F_REQUEST | NLM_F_DUMP, &mut each).context("cannot ask the kernel by netlink")
    }

    fn exchange(
        &self,
        message: RouteNetlinkMessage,
        flags: u16,
        mut each: impl FnMut(RouteNetlinkMessage),
    ) -> Result<()> {
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = self.sequence.replace(self.sequence.get() + 1);
        let expected = header.sequence_number;
        let mut packet = NetlinkMessage::new(header, NetlinkPayload::from(message));
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        send(self.socket.as_raw_fd(), &bytes, MsgFlags::empty()).context("cannot send by netlink")?;
        // Larger than any answer: the kernel's dumps come in pieces of at most 32 kB.
        let mut buffer = vec![0; 65536];
        loop {
            let length = match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Err(Errno::EINTR) => continue,
                length => length.context("cannot receive by netlink")?,
            };
            let mut rest = &buffer[..length];
            while !rest.is_empty() {
                let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                    .map_err(|error| anyhow!("the kernel's answer can't be read: {error}"))?;
                let used = (answer.header.length as usize).next_multiple_of(4);
                if used == 0 {
                    bail!("the kernel's answer can't be read: it has no length");
                }
                rest = rest.get(used..).unwrap_or_default();
                if answer.header.sequence_number != expected {
                    continue;
                }
                match answer.payload {
                    NetlinkPayload::Error(error) if error.code.is_none() => return Ok(()),
                    NetlinkPayload::Error(error) => return Err(Errno::from_raw(error.raw_code().abs()).into()),
                    NetlinkPayload::Done(_) => return Ok(()),
                    NetlinkPayload::InnerMessage(message) => each(message),
                    _ => {}
                }
            }
        }
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl From<Netlink> for OwnedFd {
    fn from(netlink: Netlink) -> OwnedFd {
        netlink.socket
    }
}
