//! A client that is attached: a stream socket, whoever holds its other end.

use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};

use super::protocol::Attach;
use crate::detach_keys::KeySearch;

/// So much may wait for a client. Then no more output is taken from the container until the client
/// has read some: a slow reader slows the container down, as at the end of a pipe. To disconnect it
/// at once would be simpler, and would cut off `run … | gzip` in the middle of its input. Nobody
/// who reads the log holds anything up: it is a file.
const MOST: usize = 1 << 20;

/// But one that reads nothing for so long is disconnected: the container doesn't wait for somebody
/// who has gone for lunch, and the log has everything.
const PATIENCE: Duration = Duration::from_secs(5);

/// The stream of Docker's on which a failure is told (Engine API, "Attach to a container").
pub const FAILURE: u8 = 3;

const TOO_SLOW: &str =
    "nothing was read for 5 seconds, while more than 1 MiB of output was waiting: the rest is not shown";

/// One client.
#[derive(Debug)]
pub struct Client {
    socket: OwnedFd,
    queue: VecDeque<Vec<u8>>,
    queued: usize,
    /// Bytes of the first in the queue that are sent.
    sent: usize,
    stdin: bool,
    streams: [bool; 2],
    /// What ends its input, and it with that.
    keys: Option<KeySearch>,
    /// Since when its queue has been full, and it has taken nothing.
    stalled: Option<Instant>,
    /// It took nothing for too long: it gets the reason, and nothing more.
    is_cut: bool,
    is_gone: bool,
}

/// What came from a client.
pub enum Input {
    /// Nothing now.
    Nothing,
    /// Some bytes.
    Bytes(Vec<u8>),
    /// It has no more to say, but may still listen.
    End,
}

impl Client {
    /// With what it wants.
    pub fn new(socket: OwnedFd, wanted: Attach) -> Client {
        let Attach { stdin, stdout, stderr, early: _, detach_keys } = wanted;
        let keys = detach_keys.map(KeySearch::new);
        let (queue, streams) = (VecDeque::new(), [stdout, stderr]);
        Client { socket, queue, queued: 0, sent: 0, stdin, streams, keys, stalled: None, is_cut: false, is_gone: false }
    }

    // ANCHOR: frame
    /// Queues output for the client. Without a terminal, both streams use one connection, in Docker's
    /// frames: the stream's number, three zero bytes, the length in four bytes (big-endian), and the
    /// bytes (Engine API, "Attach to a container").
    pub fn output(&mut self, stream: u8, bytes: &[u8], is_terminal: bool) {
        if self.is_gone || self.is_cut || !self.streams[usize::from(stream == 2)] {
            return;
        }
        let mut frame = Vec::with_capacity(bytes.len() + 8);
        if !is_terminal {
            frame.extend_from_slice(&[stream, 0, 0, 0]);
            frame.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        }
        frame.extend_from_slice(bytes);
        self.queued += frame.len();
        self.queue.push_back(frame);
        self.flush();
        if self.queued > MOST {
            self.stalled.get_or_insert_with(Instant::now);
        }
    }
    // ANCHOR_END: frame

    // ANCHOR: patience
    /// How long output waits for it at most; `None` when it holds nothing up.
    pub fn holds_up(&self) -> Option<Duration> {
        let since = self.stalled.filter(|_| !self.is_gone && !self.is_cut)?;
        Some(PATIENCE.saturating_sub(since.elapsed()))
    }

    /// Disconnects it when that time is over.
    pub fn cut_off_if_stalled(&mut self, is_terminal: bool) {
        if self.holds_up().is_some_and(|left| left.is_zero()) {
            self.cut_off(is_terminal);
        }
    }
    // ANCHOR_END: patience

    /// Nothing more for it, but for the reason: output that ends without a word looks complete. (A
    /// terminal's has no frames, and nowhere to put it.)
    fn cut_off(&mut self, is_terminal: bool) {
        // What is sent in part goes out whole, or the frame after it would be read as its end.
        self.queue.truncate(usize::from(self.sent > 0));
        if !is_terminal {
            let mut frame = vec![FAILURE, 0, 0, 0];
            frame.extend_from_slice(&(TOO_SLOW.len() as u32).to_be_bytes());
            frame.extend_from_slice(TOO_SLOW.as_bytes());
            self.queue.push_back(frame);
        }
        self.queued = self.queue.iter().map(Vec::len).sum::<usize>() - self.sent;
        self.is_cut = true;
        self.flush();
    }

    /// Sends what the client takes.
    pub fn flush(&mut self) {
        while let Some(first) = self.queue.front() {
            match send(self.socket.as_raw_fd(), &first[self.sent..], MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL) {
                Ok(length) => {
                    self.sent += length;
                    self.queued -= length;
                    self.stalled = (self.queued > MOST).then(Instant::now);
                    if self.sent == first.len() {
                        self.queue.pop_front();
                        self.sent = 0;
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => {
                    self.is_gone = true;
                    return;
                }
            }
        }
        self.is_gone |= self.is_cut;
    }

    /// Takes what the client says, if it may say something.
    pub fn input(&mut self) -> Input {
        let mut buffer = vec![0; 64 * 1024];
        match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => {
                self.stdin = false;
                Input::End
            }
            Ok(length) => {
                buffer.truncate(length);
                let Some(keys) = &mut self.keys else { return Input::Bytes(buffer) };
                let (bytes, leaves) = keys.take(&buffer);
                self.is_gone |= leaves;
                Input::Bytes(bytes)
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Input::Nothing,
            Err(_) => {
                self.is_gone = true;
                Input::Nothing
            }
        }
    }

    /// Whether nobody holds the other end any more. poll(2) says so without being asked, again and
    /// again: such a client must not stay.
    pub fn has_hung_up(&self) -> bool {
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::empty())];
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// It has gone away.
    pub fn forget(&mut self) {
        self.is_gone = true;
    }

    /// Whether its input is taken.
    pub fn has_input(&self) -> bool {
        self.stdin && !self.is_gone && !self.is_cut
    }

    /// Whether it is no longer heard, and was still giving input.
    pub fn was_cut_off(&self) -> bool {
        (self.is_gone || self.is_cut) && self.stdin
    }

    /// What to wait for; `wants_input` says whether more input can be taken.
    pub fn interest(&self, wants_input: bool) -> (BorrowedFd<'_>, PollFlags) {
        let mut flags = PollFlags::empty();
        if self.has_input() && wants_input {
            flags |= PollFlags::POLLIN;
        }
        if !self.queue.is_empty() {
            flags |= PollFlags::POLLOUT;
        }
        (self.socket.as_fd(), flags)
    }

    /// Whether there is nobody to talk to any more.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Whether everything is sent.
    pub fn is_done(&self) -> bool {
        self.is_gone || self.queue.is_empty()
    }

    /// No more output: the client sees the end, and ends.
    pub fn close(self) {
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
    }
}
