//! The other end of an attach: between a stream socket and the caller's own terminal or pipes.

use std::io::{self, IsTerminal, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;

use anyhow::{Context, Result, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::detach_keys::{DetachKeys, KeySearch};
use crate::engine::Stream;
use crate::shim::FAILURE;
use crate::terminal::{RawMode, size_of, was_resized};

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The container closed it.
    Closed,
    /// The person left.
    Detached,
}

/// What is talked with.
pub struct Conversation<'a> {
    /// The stream.
    pub stream: Stream,
    /// Whether there is a terminal at the other end: no frames, and ours goes raw.
    pub is_terminal: bool,
    /// Whether our input goes there.
    pub stdin: bool,
    /// By which keys the person leaves, where there is a terminal.
    pub detach_keys: &'a DetachKeys,
    /// Called with the size of our terminal: at the beginning, and when it changes.
    pub resize: &'a (dyn Fn(u16, u16) + Sync),
    /// Called with signals that are meant for the container: none where there is a terminal, whose keys
    /// go through.
    pub signal: &'a (dyn Fn(i32) + Sync),
}

impl Conversation<'_> {
    // ANCHOR: talk
    /// Talks until one side ends it. Our terminal is as before afterwards.
    pub fn talk(self) -> Result<End> {
        let raw = if self.is_terminal && self.stdin { RawMode::set()? } else { None };
        let resized = was_resized()?;
        let signals = crate::verbs::forwarded_signals()?;
        if self.is_terminal
            && let Some((columns, rows)) = size_of(io::stdout())
        {
            (self.resize)(columns, rows);
        }
        let (detached, detached_writer) = io::pipe().context("cannot make a pipe")?;
        // One writer stays with us: without any, the pipe is readable (POLLHUP) all the time.
        let _writer = detached_writer.try_clone().context("cannot duplicate a descriptor")?;
        let to_container = self.stream.socket.try_clone().context("cannot duplicate a socket")?;
        let input = self.stdin.then(|| {
            let keys = (self.is_terminal && raw.is_some()).then(|| KeySearch::new(self.detach_keys.clone()));
            thread::spawn(move || send_input(to_container, keys, detached_writer))
        });
        let end = self.listen(&detached, &resized, &signals);
        drop(raw);
        // It may sit in a read(2) of our stdin for ever: it ends with this process.
        drop(input);
        end
    }
    // ANCHOR_END: talk

    fn listen(
        &self,
        detached: &io::PipeReader,
        resized: &nix::sys::signalfd::SignalFd,
        signals: &nix::sys::signalfd::SignalFd,
    ) -> Result<End> {
        let mut frames = Frames::default();
        let mut buffer = vec![0; 64 * 1024];
        self.output(&self.stream.early, &mut frames)?;
        loop {
            let mut fds = [
                PollFd::new(self.stream.socket.as_fd(), PollFlags::POLLIN),
                PollFd::new(detached.as_fd(), PollFlags::POLLIN),
                PollFd::new(resized.as_fd(), PollFlags::POLLIN),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut fds, PollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => continue,
                ready => ready.context("poll")?,
            };
            let [output, keys, size, signal] = fds.map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
            if keys.contains(PollFlags::POLLIN) {
                return Ok(End::Detached);
            }
            if !size.is_empty()
                && resized.read_signal()?.is_some()
                && self.is_terminal
                && let Some((columns, rows)) = size_of(io::stdout())
            {
                (self.resize)(columns, rows);
            }
            if !signal.is_empty()
                && let Some(info) = signals.read_signal()?
            {
                (self.signal)(info.ssi_signo as i32);
            }
            if !output.is_empty() {
                match (&self.stream.socket).read(&mut buffer) {
                    Ok(length @ 1..) => self.output(&buffer[..length], &mut frames)?,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) if !frames.is_whole() => {
                        bail!("the output ends in the middle of something\ncure: `logs` has everything")
                    }
                    Ok(0) | Err(_) => return Ok(End::Closed),
                }
            }
        }
    }

    fn output(&self, bytes: &[u8], frames: &mut Frames) -> Result<()> {
        if self.is_terminal { write(1, bytes) } else { frames.take(bytes, write) }
    }
}

fn write(stream: u8, bytes: &[u8]) -> Result<()> {
    if stream == FAILURE {
        let cure = "cure: read faster, or run it with -d and read `logs`, which has everything";
        bail!("{}\n{cure}", String::from_utf8_lossy(bytes));
    }
    let written = if stream == 2 {
        io::stderr().write_all(bytes)
    } else {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush())
    };
    match written {
        // `| head` has seen enough; the container goes on.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write the container's output"),
    }
}

/// Our input, to the container.
fn send_input(mut to: UnixStream, mut keys: Option<KeySearch>, mut detached: io::PipeWriter) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = io::stdin().lock().read(&mut buffer) {
        let (bytes, leaves) = match &mut keys {
            Some(keys) => keys.take(&buffer[..length]),
            None => (buffer[..length].to_vec(), false),
        };
        if to.write_all(&bytes).is_err() {
            return;
        }
        if leaves {
            let _ = detached.write_all(b"d");
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Docker's frames, taken apart: they come in pieces of any size.
#[derive(Debug, Default)]
pub struct Frames {
    header: Vec<u8>,
    stream: u8,
    left: usize,
}

impl Frames {
    /// Whether no frame is here in part.
    pub fn is_whole(&self) -> bool {
        self.left == 0 && self.header.is_empty()
    }

    // ANCHOR: frames
    /// Decodes frames, and calls `out` with a stream's number and its bytes.
    pub fn take(&mut self, mut bytes: &[u8], mut out: impl FnMut(u8, &[u8]) -> Result<()>) -> Result<()> {
        while !bytes.is_empty() {
            if self.left == 0 {
                let missing = (8 - self.header.len()).min(bytes.len());
                self.header.extend_from_slice(&bytes[..missing]);
                bytes = &bytes[missing..];
                if let [stream, _, _, _, length @ ..] = self.header.as_slice()
                    && let Ok(length) = <[u8; 4]>::try_from(length)
                {
                    (self.stream, self.left) = (*stream, u32::from_be_bytes(length) as usize);
                    self.header.clear();
                }
                continue;
            }
            let piece = self.left.min(bytes.len());
            out(self.stream, &bytes[..piece])?;
            self.left -= piece;
            bytes = &bytes[piece..];
        }
        Ok(())
    }
    // ANCHOR_END: frames
}

/// Whether our stdin and stdout are terminals, which `-t` needs.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_apart_however_they_are_cut() {
        let bytes = [&[1, 0, 0, 0, 0, 0, 0, 3][..], b"out", &[2, 0, 0, 0, 0, 0, 0, 4], b"errs"].concat();
        for size in 1..bytes.len() {
            let mut frames = Frames::default();
            let mut seen = [Vec::new(), Vec::new()];
            for piece in bytes.chunks(size) {
                frames
                    .take(piece, |stream, bytes| {
                        seen[usize::from(stream) - 1].extend_from_slice(bytes);
                        Ok(())
                    })
                    .unwrap();
            }
            assert_eq!(seen, [b"out".to_vec(), b"errs".to_vec()], "pieces of {size}");
        }
    }
}
