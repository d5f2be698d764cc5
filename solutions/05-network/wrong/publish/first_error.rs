//! diagnosis: ends-with-a-caller
//! made by: every first version with `?`.

use std::io;
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

pub fn publish(listener: &TcpListener, container: SocketAddrV4) -> Result<()> {
    loop {
        let (caller, _) = listener.accept().context("accepting a connection")?;
        let server = TcpStream::connect(container).context("connecting to the container")?;
        thread::spawn(move || carry(caller, server));
    }
}

fn carry(caller: TcpStream, server: TcpStream) -> io::Result<()> {
    thread::scope(|scope| {
        scope.spawn(|| copy(&caller, &server));
        copy(&server, &caller)
    })
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}
