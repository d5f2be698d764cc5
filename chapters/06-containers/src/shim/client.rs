//! A client that is attached: a stream socket, whoever holds its other end.

use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};

/// So much may wait for a client. One that takes less than the container writes is disconnected:
/// the log has it all.
const MOST: usize = 1 << 20;

/// The stream of Docker's on which a failure is told (Engine API, "Attach to a container").
pub const FAILURE: u8 = 3;

const TOO_SLOW: &str =
    "the output comes faster than it is read, and more than 1 MiB was waiting: the rest is not shown";

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
    /// It was too slow: it gets the reason, and nothing more.
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
    pub fn new(socket: OwnedFd, stdin: bool, stdout: bool, stderr: bool) -> Client {
        let queue = VecDeque::new();
        Client { socket, queue, queued: 0, sent: 0, stdin, streams: [stdout, stderr], is_cut: false, is_gone: false }
    }

    // ANCHOR: frame
    /// Output for it. Without a terminal, both streams go over one connection in frames of Docker's:
    /// the stream's number, three zeros, the length in four bytes, most significant first; then the
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
            self.cut_off(is_terminal);
        }
    }
    // ANCHOR_END: frame

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
                Input::Bytes(buffer)
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Input::Nothing,
            Err(_) => {
                self.is_gone = true;
                Input::Nothing
            }
        }
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
