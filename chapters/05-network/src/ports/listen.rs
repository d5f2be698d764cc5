//! The machine's side of a published port is taken before anything else is made.

use std::net::{SocketAddrV4, TcpListener};

use anyhow::{Result, anyhow};
use nix::errno::Errno;

use super::Publish;

/// Listens on the machine's ports; one that was 0 is a number afterwards. The listener keeps the
/// port ours, also where rules of the firewall carry the packets.
pub fn listen(ports: &mut [Publish]) -> Result<Vec<TcpListener>> {
    ports
        .iter_mut()
        .map(|port| {
            let address = SocketAddrV4::new(port.ip, port.host);
            let listener = TcpListener::bind(address).map_err(|error| why(&address, &error))?;
            port.host = listener.local_addr()?.port();
            Ok(listener)
        })
        .collect()
}

fn why(address: &SocketAddrV4, error: &std::io::Error) -> anyhow::Error {
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
    let (cause, cure) = match errno {
        Errno::EADDRINUSE => (
            "another program or container listens there",
            format!("see who: ss -ltnp 'sport = :{}'; or choose another port", address.port()),
        ),
        Errno::EACCES => (
            "ports below 1024 are root's (net.ipv4.ip_unprivileged_port_start)",
            format!("choose a higher one, such as {}:…", 8000 + u32::from(address.port())),
        ),
        Errno::EADDRNOTAVAIL => {
            ("this machine has no such address", "list its addresses with ip addr; or omit the address".into())
        }
        _ => ("see bind(2)", "choose another port".into()),
    };
    anyhow!("cannot publish {address}: bind: {errno:?} ({})\ncause: {cause}\ncure: {cure}", errno.desc())
}
