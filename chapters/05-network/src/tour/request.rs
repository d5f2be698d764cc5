//! A request to a published port, with both ends in this process.

use std::io::{Read, Write};
use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::poll::{PollFd, PollFlags, poll};

const REQUEST: &str = "GET /";
const ANSWER: &str = "hello from port 80";
const PATIENCE: Duration = Duration::from_secs(10);

/// What both ends saw.
pub struct Exchange {
    pub request: String,
    pub answer: String,
    /// The client's own address.
    pub client: SocketAddr,
    /// The client's address, as the server sees it.
    pub caller: SocketAddr,
    /// The server's own.
    pub server: SocketAddr,
}

/// One after the other: the kernel completes a connection before anybody accepts it.
pub fn exchange(listener: &TcpListener, port: SocketAddrV4) -> Result<Exchange> {
    let mut client = TcpStream::connect(port).with_context(|| format!("cannot connect to {port}"))?;
    client.set_read_timeout(Some(PATIENCE))?;
    client.write_all(format!("{REQUEST}\r\n\r\n").as_bytes())?;
    let mut ready = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    ensure!(poll(&mut ready, 10_000u16)? > 0, "no connection has arrived in the container");
    let (mut server, caller) = listener.accept()?;
    server.set_read_timeout(Some(PATIENCE))?;
    let mut request = [0; REQUEST.len()];
    server.read_exact(&mut request)?;
    server.write_all(ANSWER.as_bytes())?;
    let (server_address, request) = (server.local_addr()?, String::from_utf8_lossy(&request).into_owned());
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    Ok(Exchange { request, answer, client: client.local_addr()?, caller, server: server_address })
}
