//! Exercise 5.5: publish a port.
//!
//! A proxy accepts each connection to a port of the host, opens a connection to the container, and
//! copies bytes in both directions. Read tcp(7) and shutdown(2). Check with `cargo wb check 5.5`.

use std::io;
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// Forwards each connection to `listener` to the container, in both directions, and several
/// connections at the same time. When one side closes its direction, the proxy forwards this to the
/// other side, which may still send. If the container doesn't listen, only this connection ends.
///
/// Runs until the listener returns an error.
pub fn publish(listener: &TcpListener, container: SocketAddrV4) -> Result<()> {
    // wb:answer
    loop {
        let (caller, _) = listener.accept().context("accepting a connection")?;
        // One that fails is closed, and says so to its caller.
        thread::spawn(move || carry(caller, container));
    }
    // wb:starter
    // todo!("for each connection, start a thread that copies both directions at the same time")
    // wb:end
}

// wb:answer
fn carry(caller: TcpStream, container: SocketAddrV4) -> io::Result<()> {
    let server = TcpStream::connect(container)?;
    thread::scope(|scope| {
        scope.spawn(|| copy(&caller, &server));
        copy(&server, &caller)
    })
}

/// Until there is no more, which is passed on, too.
fn copy(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}
// wb:starter
// wb:end
