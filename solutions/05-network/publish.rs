//! Exercise 5.5: a published port.
//!
//! A proxy accepts each connection to a port of the host, makes one to the container, and copies
//! bytes both ways. Read tcp(7) and shutdown(2); check with `cargo wb check 5.5`.

use std::io;
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// Carries each connection that comes to `listener` to the container, and what the container says
/// back, several at a time. When one side has no more to say, the other side is told so, and may
/// still answer. A container that doesn't listen costs its caller the connection, and nobody else.
///
/// Runs until there is an error of the listener's.
pub fn publish(listener: &TcpListener, container: SocketAddrV4) -> Result<()> {
    // wb:answer
    loop {
        let (caller, _) = listener.accept().context("accepting a connection")?;
        // One that fails is closed, and says so to its caller.
        thread::spawn(move || carry(caller, container));
    }
    // wb:starter
    // todo!("for each connection a thread of its own, in which two copies run at the same time")
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
