//! Exercise 7.4: send two streams over one connection.
//!
//! A container's stdout and stderr are sent to the client over one socket, in frames. Write both
//! ends. The page explains the eight bytes of the header. Check with `cargo wb check 7.4`.

use anyhow::{Result, ensure};

/// The shim's function. Returns a frame with `bytes` for `stream` (1: stdout, 2: stderr).
///
/// A frame consists of the stream, three zero bytes, the length of `bytes` (four bytes, the most
/// significant first), and `bytes`.
pub fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
    // wb:answer
    [&[stream, 0, 0, 0], &(bytes.len() as u32).to_be_bytes(), bytes].concat()
    // wb:starter
    // todo!("eight bytes of header, then the bytes")
    // wb:end
}

/// The client's function. `received` contains the bytes that have arrived and have not been
/// returned yet. Removes all complete frames from it and returns them in order. An incomplete frame
/// stays in `received` for the next call.
///
/// Returns an error if a frame's stream is neither 1 nor 2.
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
    // todo!("is the first frame complete?")
    // wb:end
}
