//! An ICMP echo request and its answer, as ping(8) makes them: RFC 792.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use serde::{Deserialize, Serialize};

const ECHO_REQUEST: u8 = 8;
const ECHO_REPLY: u8 = 0;
const PATIENCE: Duration = Duration::from_secs(5);

/// What came back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    pub milliseconds: f64,
    /// Of the packet that came back.
    pub ttl: u8,
}

/// From this process's network namespace, over which it must have CAP_NET_RAW.
pub fn ping(to: Ipv4Addr) -> Result<Answer> {
    let raw = socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp)
        .context("cannot open a raw socket")?;
    // std has no type for raw sockets; the calls are those for datagrams.
    let socket = UdpSocket::from(raw);
    socket.set_read_timeout(Some(PATIENCE))?;
    let request = echo_request(std::process::id() as u16);
    let begun = Instant::now();
    socket.send_to(&request, (to, 0)).context("cannot send")?;
    let mut packet = [0; 256];
    while begun.elapsed() < PATIENCE {
        let length = match socket.recv(&mut packet) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
            length => length.context("cannot receive")?,
        };
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        if let Some(ttl) = ttl_of_reply(&packet[..length], &request) {
            return Ok(Answer { milliseconds, ttl });
        }
    }
    bail!("{to} has not answered in {PATIENCE:?}")
}

/// Type, code, checksum, identifier, sequence number.
fn echo_request(identifier: u16) -> [u8; 8] {
    let [high, low] = identifier.to_be_bytes();
    let mut request = [ECHO_REQUEST, 0, 0, 0, high, low, 0, 1];
    [request[2], request[3]] = checksum(&request).to_be_bytes();
    request
}

/// The complement of the one's complement sum of all 16-bit words: RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    !((sum & 0xFFFF) + (sum >> 16)) as u16
}

/// A raw socket gets the IP header, too. Its first half byte is the version; the second is its
/// length in words of four bytes; byte 8 is the TTL.
fn ttl_of_reply(packet: &[u8], request: &[u8; 8]) -> Option<u8> {
    let header = usize::from(packet.first()? & 0xF) * 4;
    let icmp = packet.get(header..header + 8)?;
    (icmp[0] == ECHO_REPLY && icmp[4..] == request[4..]).then(|| packet[8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_with_its_checksum_sums_up_to_nothing() {
        assert_eq!(checksum(&echo_request(4711)), 0);
    }

    #[test]
    fn only_the_answer_to_this_request_counts() {
        let request = echo_request(7);
        let packet = |icmp: [u8; 8]| [[0x45].as_slice(), &[0; 7], &[63], &[0; 11], &icmp].concat();
        let reply = [ECHO_REPLY, 0, 0, 0, 0, 7, 0, 1];
        assert_eq!(ttl_of_reply(&packet(reply), &request), Some(63));
        assert_eq!(ttl_of_reply(&packet(request), &request), None);
        assert_eq!(ttl_of_reply(&packet([ECHO_REPLY, 0, 0, 0, 0, 8, 0, 1]), &request), None);
        assert_eq!(ttl_of_reply(&[], &request), None);
    }
}
