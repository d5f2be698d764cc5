//! Exercise 5.5: publish a port.
//!
//! A proxy accepts each connection to a port of the host, opens a connection to the container, and
//! copies bytes in both directions. Read tcp(7) and shutdown(2). Check with `cargo wb check 5.5`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("for each connection, start a thread that copies both directions at the same time")
}
