//! diagnosis: no-half-close
//! made by: whoever takes a copy for all there is to pass on.

use std::io;
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

pub fn publish(listener: &TcpListener, container: SocketAddrV4) -> Result<()> {
    loop {
        let (caller, _) = listener.accept().context("accepting a connection")?;
        // One that fails is closed, and says so to its caller.
        thread::spawn(move || carry(caller, container));
    }
}

fn carry(caller: TcpStream, container: SocketAddrV4) -> io::Result<()> {
    let server = TcpStream::connect(container)?;
    thread::scope(|scope| {
        scope.spawn(|| copy(&caller, &server));
        copy(&server, &caller)
    })
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to).map(drop)
}
