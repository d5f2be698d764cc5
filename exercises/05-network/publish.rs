//! Exercise 5.5: a published port.
//!
//! A proxy accepts each connection to a port of the host, makes one to the container, and copies
//! bytes both ways. Read tcp(7) and shutdown(2); check with `cargo wb check 5.5`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("for each connection a thread of its own, in which two copies run at the same time")
}
