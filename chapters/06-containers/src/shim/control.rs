//! The shim's socket: who asks, and who waits for an answer.

use std::fs::{self, DirBuilder};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::explain::note;
use ch01_namespaces::link::Link;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept4, bind, listen, socket};

use super::protocol::{ExecState, Reply, Request};
use crate::steps;

/// Connections at one time.
const MOST: usize = 512;

/// The listening socket, and its connections.
pub struct Control {
    path: PathBuf,
    is_closed: bool,
    listener: OwnedFd,
    connections: Vec<(u64, Link, Waits)>,
    next: u64,
}

/// What a connection waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Waits {
    Nothing,
    ForEnd,
    ForExec(String),
}

/// Somebody asks.
pub struct Event {
    /// Who.
    pub connection: u64,
    /// What.
    pub request: Request,
    /// With what.
    pub fds: Vec<OwnedFd>,
}

impl Control {
    /// Listens. The directory is ours alone: who can open the socket is the user, or root.
    pub fn listen(path: &Path) -> Result<Control> {
        let directory = path.parent().context("a socket without a directory")?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.with_context(|| format!("cannot make {}", directory.display()))?;
        let _ = fs::remove_file(path);
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let listener = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None).context("cannot make a socket")?;
        let address = UnixAddr::new(path).with_context(|| {
            format!("{} is too long for a socket (107 bytes)\ncure: a shorter --root", path.display())
        })?;
        bind(listener.as_raw_fd(), &address).with_context(|| format!("cannot listen at {}", path.display()))?;
        listen(&listener, Backlog::new(128).unwrap_or(Backlog::MAXCONN)).context("listen")?;
        note(&steps::LISTEN, "listen", || vec![path.display().to_string()]);
        Ok(Control { path: path.into(), is_closed: false, listener, connections: Vec::new(), next: 0 })
    }

    /// What to wait for.
    pub fn interests(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let listener = [(self.listener.as_fd(), PollFlags::POLLIN)];
        let connections = self.connections.iter().map(|(_, link, _)| (link.as_fd(), PollFlags::POLLIN));
        listener.into_iter().chain(connections).collect()
    }

    /// What has come.
    pub fn events(&mut self) -> Vec<Event> {
        while self.connections.len() < MOST
            && let Ok(fd) = accept4(self.listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC)
        {
            self.connections.push((self.next, Link::over(ch01_namespaces::own_descriptor(fd)), Waits::Nothing));
            self.next += 1;
        }
        let mut events = Vec::new();
        self.connections.retain_mut(|(number, link, waits)| {
            let is_ready = {
                let mut fds = [PollFd::new(link.as_fd(), PollFlags::POLLIN)];
                poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
            };
            if !is_ready {
                return true;
            }
            match link.receive::<Request>() {
                Ok(Some((request, fds))) => {
                    *waits = match &request {
                        Request::Wait => Waits::ForEnd,
                        Request::ExecWait(id) => Waits::ForExec(id.clone()),
                        _ => Waits::Nothing,
                    };
                    events.push(Event { connection: *number, request, fds });
                    true
                }
                // It went away, or speaks nonsense.
                Ok(None) | Err(_) => false,
            }
        });
        events
    }

    /// Answers.
    pub fn reply(&mut self, connection: u64, reply: &Reply) {
        if let Some((_, link, waits)) = self.connections.iter_mut().find(|(number, ..)| *number == connection) {
            *waits = Waits::Nothing;
            // Who doesn't listen any more misses nothing.
            let _ = link.send(reply, &[]);
        }
    }

    /// One more end of a connection, for what is said before the answer.
    pub fn link(&self, connection: u64) -> Option<Link> {
        let (_, link, _) = self.connections.iter().find(|(number, ..)| *number == connection)?;
        link.as_fd().try_clone_to_owned().ok().map(Link::over)
    }

    /// A command has ended: who waits for it hears it.
    pub fn notify_exec(&mut self, id: &str, state: ExecState) {
        for (_, link, waits) in &mut self.connections {
            if *waits == Waits::ForExec(id.into()) {
                *waits = Waits::Nothing;
                let _ = link.send(&Reply::Exec(state), &[]);
            }
        }
    }

    /// Nobody new can ask any more. From now on another shim may listen at the same path.
    pub fn close(&mut self) {
        if !self.is_closed {
            self.is_closed = true;
            let _ = fs::remove_file(&self.path);
        }
    }

    /// The container has ended for good: whoever waits hears it.
    pub fn notify_end(&mut self, code: u8) {
        self.close();
        // Who has just asked is answered, too.
        for Event { connection, request, .. } in self.events() {
            if request == Request::Wait {
                self.reply(connection, &Reply::Ended { code });
            }
        }
        for (_, link, waits) in &mut self.connections {
            if *waits == Waits::ForEnd {
                *waits = Waits::Nothing;
                let _ = link.send(&Reply::Ended { code }, &[]);
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.close();
    }
}
