//! A process with its streams: the container's first one, or a command that was started in it.
//!
//! Output goes to the log and to clients, input comes from clients. All descriptors are
//! non-blocking, and each client has a queue that ends somewhere: the container waits for a slow
//! reader, and for none that has stopped reading.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result};
use ch01_namespaces::explain::note;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::PollFlags;
use nix::unistd::pipe2;

use super::client::Client;
use crate::log::LogWriter;
use crate::steps;

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// What a process is born with, and what stays with us.
pub struct Streams {
    /// For the process: stdin, stdout, stderr.
    pub theirs: [OwnedFd; 3],
    /// Ours.
    pub ours: Ours,
}

/// Our ends.
#[derive(Debug, Default)]
pub struct Ours {
    /// What we write is its input.
    input: Option<OwnedFd>,
    /// What it writes: stream number and descriptor.
    outputs: Vec<(u8, OwnedFd)>,
    /// Input that it has not taken yet.
    unwritten: Vec<u8>,
    /// Whether the input is to end when all of it is taken.
    ends: bool,
    is_terminal: bool,
}

impl Streams {
    /// Pipes. Without `stdin`, the input is /dev/null.
    pub fn pipes(stdin: bool) -> Result<Streams> {
        let pipe = || pipe2(OFlag::O_CLOEXEC).context("cannot make a pipe");
        let (input, their_input) = if stdin {
            let (theirs, ours) = pipe()?;
            (Some(nonblocking(ours)?), theirs)
        } else {
            (None, null()?)
        };
        let (out, their_out) = pipe()?;
        let (err, their_err) = pipe()?;
        note(&steps::MAKE_STREAMS, "pipe2", || vec!["O_CLOEXEC".into()]);
        let outputs = vec![(1, nonblocking(out)?), (2, nonblocking(err)?)];
        let ours = Ours { input, outputs, ..Ours::default() };
        Ok(Streams { theirs: [their_input, their_out, their_err], ours })
    }

    /// Nothing yet: the process brings a terminal of its own.
    pub fn of_terminal() -> Result<Streams> {
        Ok(Streams { theirs: [null()?, null()?, null()?], ours: Ours { is_terminal: true, ..Ours::default() } })
    }
}

/// /dev/null, to be read and written.
pub fn null() -> Result<OwnedFd> {
    let file = std::fs::File::options().read(true).write(true).open("/dev/null").context("cannot open /dev/null")?;
    Ok(file.into())
}

fn nonblocking(fd: OwnedFd) -> Result<OwnedFd> {
    let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL).context("fcntl")?);
    fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).context("fcntl")?;
    Ok(fd)
}

impl Ours {
    /// The terminal's other end has arrived.
    pub fn set_terminal(&mut self, master: OwnedFd) -> Result<()> {
        self.input = Some(nonblocking(master.try_clone().context("cannot duplicate a descriptor")?)?);
        self.outputs = vec![(1, nonblocking(master)?)];
        self.is_terminal = true;
        Ok(())
    }

    /// The terminal, to be resized.
    pub fn terminal(&self) -> Option<BorrowedFd<'_>> {
        self.outputs.first().filter(|_| self.is_terminal).map(|(_, fd)| fd.as_fd())
    }

    /// What to wait for; output only where no client is `held_up`.
    pub fn interests(&self, held_up: bool) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let outputs = self.outputs.iter().filter(|_| !held_up).map(|(_, fd)| (fd.as_fd(), PollFlags::POLLIN));
        let input = self.input.iter().filter(|_| !self.unwritten.is_empty());
        outputs.chain(input.map(|fd| (fd.as_fd(), PollFlags::POLLOUT))).collect()
    }

    /// Takes output, unless a client has to read first; and disconnects clients that have stopped
    /// reading.
    pub fn take_output(&mut self, log: Option<&mut LogWriter>, clients: &mut [Client]) {
        clients.iter_mut().for_each(|client| client.cut_off_if_stalled(self.is_terminal));
        if patience(clients).is_none() {
            self.pump(log, clients);
        }
    }

    // ANCHOR: pump
    /// Takes what the process has written, for the log and for clients; a stream that has ended is
    /// closed. Whether anything came.
    pub fn pump(&mut self, log: Option<&mut LogWriter>, clients: &mut [Client]) -> bool {
        let mut log = log;
        let mut buffer = vec![0; CHUNK];
        let mut came = false;
        let is_terminal = self.is_terminal;
        self.outputs.retain(|(stream, fd)| {
            match read(fd.as_fd(), &mut buffer) {
                Ok(0) => false,
                Ok(length) => {
                    came = true;
                    if let Some(log) = log.as_deref_mut() {
                        log.take(*stream, &buffer[..length]);
                    }
                    clients.iter_mut().for_each(|client| client.output(*stream, &buffer[..length], is_terminal));
                    true
                }
                Err(Errno::EAGAIN | Errno::EINTR) => true,
                // EIO: the last process that had the terminal has closed it.
                Err(_) => false,
            }
        });
        came
    }
    // ANCHOR_END: pump

    /// Whether more input can be taken from clients.
    pub fn wants_input(&self) -> bool {
        self.input.is_some() && self.unwritten.is_empty() && !self.ends
    }

    /// Input from a client.
    pub fn input(&mut self, bytes: &[u8]) {
        if self.input.is_some() && !self.ends {
            self.unwritten.extend_from_slice(bytes);
            self.write();
        }
    }

    /// The input ends, when the process has taken what there is. (A terminal's doesn't: Ctrl-D is a
    /// letter.)
    pub fn end_input(&mut self) {
        if !self.is_terminal {
            self.ends = true;
            self.write();
        }
    }

    /// Writes what the process takes.
    pub fn write(&mut self) {
        let Some(input) = &self.input else { return };
        while !self.unwritten.is_empty() {
            match nix::unistd::write(input, &self.unwritten) {
                Ok(length) => drop(self.unwritten.drain(..length)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => {
                    // It has closed its end: nobody will ever take it.
                    self.unwritten.clear();
                    self.input = None;
                    return;
                }
            }
        }
        if self.ends {
            self.input = None;
        }
    }
}

/// How long the clients may hold up the output from now on; `None` if none of them does.
pub fn patience(clients: &[Client]) -> Option<Duration> {
    clients.iter().filter_map(Client::holds_up).min()
}

fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> nix::Result<usize> {
    nix::unistd::read(fd, buffer)
}
