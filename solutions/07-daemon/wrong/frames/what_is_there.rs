//! diagnosis: gives-parts
//! made by: whoever shows output as early as possible.

use anyhow::{Result, ensure};

pub fn frame(stream: u8, bytes: &[u8]) -> Vec<u8> {
    [&[stream, 0, 0, 0], &(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

pub fn unframe(received: &mut Vec<u8>) -> Result<Vec<(u8, Vec<u8>)>> {
    let mut frames = Vec::new();
    while let Some(&[stream, _, _, _, a, b, c, d]) = received.first_chunk() {
        ensure!(stream == 1 || stream == 2, "no frame: it begins with {stream}, which is no stream");
        let end = (8 + u32::from_be_bytes([a, b, c, d]) as usize).min(received.len());
        frames.push((stream, received.drain(..end).skip(8).collect()));
    }
    Ok(frames)
}
