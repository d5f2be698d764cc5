//! Exercise 7.4: two streams over one connection.
//!
//! stdout and stderr of a container go to the client over one socket, in frames. Write both ends.
//! The page has the header's eight bytes; check with `cargo wb check 7.4`.

use anyhow::{Result, ensure};

/// The shim's part: a frame with `bytes`, which were written to `stream` (1: stdout, 2: stderr).
///
/// Stream, three zeros, the length of `bytes` in four bytes, the most significant first; then
/// `bytes`.
pub fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
    // wb:answer
    [&[stream, 0, 0, 0], &(bytes.len() as u32).to_be_bytes(), bytes].concat()
    // wb:starter
    // todo!("eight bytes, then the others")
    // wb:end
}

/// The client's part. `received` is what has come from the connection, and was not returned yet.
/// Takes all frames out of it that are there as a whole, in order, and leaves the rest for the next
/// call, when more has come.
///
/// Fails if a frame's stream is neither 1 nor 2.
#[allow(clippy::ptr_arg)] // the answer takes whole frames out of it
pub fn unframe(received: &mut Vec<u8>) -> Result<Vec<(u8, Vec<u8>)>> {
    // wb:answer
    let mut frames = Vec::new();
    while let Some(&[stream, _, _, _, a, b, c, d]) = received.first_chunk() {
        ensure!(stream == 1 || stream == 2, "no frame: it begins with {stream}, which is no stream");
        let end = 8 + u32::from_be_bytes([a, b, c, d]) as usize;
        if received.len() < end {
            break;
        }
        frames.push((stream, received.drain(..end).skip(8).collect()));
    }
    Ok(frames)
    // wb:starter
    // todo!("is the first one there as a whole? And then?")
    // wb:end
}
