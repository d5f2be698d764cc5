//! Exercise 7.4: send two streams over one connection.
//!
//! A container's stdout and stderr are sent to the client over one socket, in frames. Write both
//! ends. The page explains the eight bytes of the header. Check with `cargo wb check 7.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Result, ensure};

/// The shim's function. Returns a frame with `bytes` for `stream` (1: stdout, 2: stderr).
///
/// A frame consists of the stream, three zero bytes, the length of `bytes` (four bytes, the most
/// significant first), and `bytes`.
pub fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
    todo!("eight bytes of header, then the bytes")
}

/// The client's function. `received` contains the bytes that have arrived and have not been
/// returned yet. Removes all complete frames from it and returns them in order. An incomplete frame
/// stays in `received` for the next call.
///
/// Returns an error if a frame's stream is neither 1 nor 2.
#[allow(clippy::ptr_arg)] // the answer takes whole frames out of it
pub fn unframe(received: &mut Vec<u8>) -> Result<Vec<(u8, Vec<u8>)>> {
    todo!("is the first frame complete?")
}
