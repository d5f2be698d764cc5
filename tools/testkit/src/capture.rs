//! The output of a case: kept up to a size, and free of the line by which the case tells of a skip.

use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Bytes that are kept at each end; what a case prints for ever is dropped in between.
const KEPT: usize = 64 * 1024;

/// Reads a pipe to its end in a thread of its own.
pub(crate) struct Capture(Receiver<Vec<u8>>);

impl Capture {
    /// `live`: what is read is passed on to stderr at once, except lines that begin with `token`.
    pub fn start(pipe: PipeReader, live: bool, token: String) -> Capture {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            loop {
                let mut line = Vec::new();
                // A line without an end mustn't fill the memory.
                let read = pipe.by_ref().take(8192).read_until(b'\n', &mut line);
                if !matches!(read, Ok(1..)) {
                    break;
                }
                if live && (token.is_empty() || !line.starts_with(token.as_bytes())) {
                    let _ = std::io::stderr().write_all(&line);
                }
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Capture(receiver)
    }

    /// What was read. Everything that could write is dead by now, or should be: what comes a second
    /// late is left out, so that somebody who still holds the pipe can't hold us.
    pub fn finish(self) -> Vec<u8> {
        let mut all = Bounded::default();
        while let Ok(bytes) = self.0.recv_timeout(Duration::from_secs(1)) {
            all.push(&bytes);
        }
        all.into_bytes()
    }
}

/// Beginning and end of what may be endless.
#[derive(Default)]
struct Bounded {
    beginning: Vec<u8>,
    end: Vec<u8>,
    dropped: usize,
}

impl Bounded {
    fn push(&mut self, bytes: &[u8]) {
        let (to_beginning, to_end) = bytes.split_at(bytes.len().min(KEPT - self.beginning.len()));
        self.beginning.extend_from_slice(to_beginning);
        self.end.extend_from_slice(to_end);
        // Cut seldom, not with every push.
        if self.end.len() > 2 * KEPT {
            let surplus = self.end.len() - KEPT;
            self.end.drain(..surplus);
            self.dropped += surplus;
        }
    }

    fn into_bytes(mut self) -> Vec<u8> {
        if self.dropped > 0 {
            self.beginning.extend_from_slice(format!("\n… {} bytes left out …\n", self.dropped).as_bytes());
        }
        self.beginning.extend_from_slice(&self.end);
        self.beginning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_kept_whole() {
        let mut bounded = Bounded::default();
        bounded.push(b"one ");
        bounded.push(b"two");
        assert_eq!(bounded.into_bytes(), b"one two");
    }

    #[test]
    fn endless_output_keeps_its_beginning_and_its_end() {
        let mut bounded = Bounded::default();
        bounded.push(b"first");
        for _ in 0..100 {
            bounded.push(&[b'x'; 8192]);
        }
        bounded.push(b"last");
        let bytes = bounded.into_bytes();
        assert!(bytes.starts_with(b"first") && bytes.ends_with(b"last"));
        assert!(bytes.len() < 4 * KEPT, "{}", bytes.len());
        assert!(String::from_utf8_lossy(&bytes).contains("bytes left out"));
    }
}
