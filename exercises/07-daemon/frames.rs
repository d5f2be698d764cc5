//! Exercise 7.4: two streams over one connection.
//!
//! stdout and stderr of a container go to the client over one socket, in frames. Write both ends.
//! The page has the header's eight bytes; check with `cargo wb check 7.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Result, ensure};

/// The shim's part: a frame with `bytes`, which were written to `stream` (1: stdout, 2: stderr).
///
/// Stream, three zeros, the length of `bytes` in four bytes, the most significant first; then
/// `bytes`.
pub fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
    todo!("eight bytes, then the others")
}

/// The client's part. `received` is what has come from the connection, and was not returned yet.
/// Takes all frames out of it that are there as a whole, in order, and leaves the rest for the next
/// call, when more has come.
///
/// Fails if a frame's stream is neither 1 nor 2.
#[allow(clippy::ptr_arg)] // the answer takes whole frames out of it
pub fn unframe(received: &mut Vec<u8>) -> Result<Vec<(u8, Vec<u8>)>> {
    todo!("is the first one there as a whole? And then?")
}
