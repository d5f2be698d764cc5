//! zstd (RFC 8878): frames, one after the other.

use std::io::{self, BufRead, ErrorKind, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What is in all frames. Layers for lazy pulls (zstd:chunked) have many, and `pzstd` writes one
/// for each processor. Frames of other data between them are skipped (section 3.1.2).
pub(super) struct Zstd<R> {
    archive: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    pub(super) fn new(archive: R) -> io::Result<Zstd<R>> {
        let mut zstd = Zstd { archive, decoder: FrameDecoder::new(), is_in_frame: false };
        zstd.next_frame()?;
        Ok(zstd)
    }

    /// Goes to the content of the next frame, if there is one.
    fn next_frame(&mut self) -> io::Result<()> {
        while !self.archive.fill_buf()?.is_empty() {
            let mut magic = [0; 4];
            self.archive.read_exact(&mut magic)?;
            if !is_skipped(&magic) {
                self.decoder.init((&magic[..]).chain(&mut self.archive)).map_err(io::Error::other)?;
                self.is_in_frame = true;
                break;
            }
            let mut length = [0; 4];
            self.archive.read_exact(&mut length)?;
            let length = u64::from(u32::from_le_bytes(length));
            if io::copy(&mut (&mut self.archive).take(length), &mut io::sink())? != length {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

/// Whether a frame's first bytes say that it holds other data.
pub(super) fn is_skipped(magic: &[u8]) -> bool {
    matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.is_in_frame && !buffer.is_empty() {
            while self.decoder.can_collect() < buffer.len() && !self.decoder.is_finished() {
                let missing = BlockDecodingStrategy::UptoBytes(buffer.len() - self.decoder.can_collect());
                self.decoder.decode_blocks(&mut self.archive, missing).map_err(io::Error::other)?;
            }
            match self.decoder.read(buffer)? {
                0 => {
                    self.is_in_frame = false;
                    self.next_frame()?;
                }
                length => return Ok(length),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn frame(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    /// Of other data.
    fn skipped(number: u8, content: &[u8]) -> Vec<u8> {
        [&[0x50 + number, 0x2a, 0x4d, 0x18], &(content.len() as u32).to_le_bytes()[..], content].concat()
    }

    fn read(archive: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut content = Vec::new();
        super::super::decompress(archive)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn all_frames_are_read_and_other_data_is_skipped() {
        let long = b"words and words ".repeat(40_000);
        let frames = [frame(b"one "), frame(b""), skipped(0, b"other"), frame(&long), skipped(15, &[7; 100_000])];
        assert_eq!(read(&frames.concat()).unwrap(), [b"one ", &long[..]].concat());
        // The first frame may be one of other data.
        assert_eq!(read(&[skipped(3, b""), frame(b"two")].concat()).unwrap(), b"two");
    }

    #[test]
    fn what_is_cut_or_is_no_frame_is_an_error() {
        let whole = [frame(b"one"), skipped(0, b"other"), frame(b"two")].concat();
        let ends = [frame(b"one").len(), frame(b"one").len() + skipped(0, b"other").len()];
        // Of less than four bytes nobody knows what they are.
        for length in 4..whole.len() {
            assert_eq!(read(&whole[..length]).is_ok(), ends.contains(&length), "{length} bytes");
        }
        assert!(read(&[frame(b"one"), b"no frame".to_vec()].concat()).is_err());
    }
}
