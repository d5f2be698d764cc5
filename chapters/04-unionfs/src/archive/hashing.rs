//! The digest of what passes by, computed on a thread of its own: unpacking waits for the disk,
//! hashing for the processor.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

/// Bytes that are read and hashed at once: all that are on their way fit into a processor's own
/// cache.
const CHUNK: usize = 64 * 1024;

/// Chunks that may wait to be hashed: memory stays bounded when the disk is faster than the
/// processor.
const WAITING: usize = 8;

/// A reader that knows the digest of all it has read.
pub struct Hashing<R> {
    inner: R,
    chunk: Arc<Vec<u8>>,
    position: usize,
    hasher: SyncSender<Arc<Vec<u8>>>,
    /// Chunks that are hashed, to be filled again: fresh memory costs as much as hashing does.
    hashed: Receiver<Arc<Vec<u8>>>,
    thread: JoinHandle<Sha256>,
    /// Bytes that have passed.
    pub bytes: u64,
}

impl<R: Read> Hashing<R> {
    /// Over another reader.
    pub fn new(inner: R) -> Hashing<R> {
        let (hasher, chunks) = sync_channel::<Arc<Vec<u8>>>(WAITING);
        let (done, hashed) = channel();
        let thread = std::thread::spawn(move || {
            chunks.into_iter().fold(Sha256::new(), |mut state, chunk| {
                state.update(chunk.as_slice());
                let _ = done.send(chunk);
                state
            })
        });
        Hashing { inner, chunk: Arc::default(), position: 0, hasher, hashed, thread, bytes: 0 }
    }

    /// The digest of everything, up to the end of the input: what follows the end of an archive belongs
    /// to it as well. At most `most` bytes may follow.
    pub fn finish(mut self, most: u64) -> io::Result<(Digest, u64)> {
        let before = self.bytes;
        while self.fill()? > 0 {
            if self.bytes - before > most {
                return Err(io::Error::other(format!("more than {most} bytes follow the end of the archive")));
            }
        }
        drop(self.hasher);
        let state = self.thread.join().map_err(|_| io::Error::other("the hashing thread panicked"))?;
        Ok((Digest::from_hasher(state), self.bytes))
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.chunk = Arc::default();
        // One that both have let go of, if there is one.
        let used = self.hashed.try_recv().ok().and_then(|chunk| Arc::try_unwrap(chunk).ok());
        let mut buffer = used.unwrap_or_default();
        buffer.resize(CHUNK, 0);
        let mut length = 0;
        while length < CHUNK {
            match self.inner.read(&mut buffer[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.truncate(length);
        self.chunk = Arc::new(buffer);
        self.position = 0;
        self.bytes += length as u64;
        if length > 0 {
            self.hasher.send(Arc::clone(&self.chunk)).map_err(|_| io::Error::other("the hashing thread is gone"))?;
        }
        Ok(length)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position == self.chunk.len() && self.fill()? == 0 {
            return Ok(0);
        }
        let rest = &self.chunk[self.position..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.position += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_everything_also_of_what_nobody_read() {
        let data = vec![7; 3 * CHUNK + 5];
        let mut reader = Hashing::new(data.as_slice());
        let mut some = [0; 10];
        reader.read_exact(&mut some).unwrap();
        let (digest, bytes) = reader.finish(u64::MAX).unwrap();
        assert_eq!((digest, bytes), (Digest::compute(&data), data.len() as u64));
    }

    #[test]
    fn what_follows_the_end_is_bounded() {
        let reader = Hashing::new(io::repeat(0));
        assert!(reader.finish(10 << 20).unwrap_err().to_string().contains("follow the end"));
    }
}
