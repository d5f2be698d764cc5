//! What mechanisms are given to work with, in each of their three moments.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Result;
use nix::unistd::{Gid, Pid, Uid};

use crate::namespaces::Namespaces;
use crate::undo::{Journal, Undo};

/// Before the process exists: what the clone needs, gathered from the mechanisms.
pub struct Plan {
    /// Namespaces that the clone makes. (A cgroup or time namespace is made later, by the child itself:
    /// the first takes the cgroup that the process is in by then as its root, the second takes clock
    /// offsets only before it is used.)
    pub create: Namespaces,
    /// Namespaces to be cloned into, opened by whoever asked for them: files of /proc/PID/ns, or a
    /// pidfd and kinds.
    pub join: Vec<(Namespaces, OwnedFd)>,
    /// A cgroup v2 directory to be born in.
    pub cgroup: Option<OwnedFd>,
    /// The container's root file system as the host sees it: `/` as long as no mechanism has another.
    pub root: PathBuf,
    /// Who we are. Read before the clone: in a user namespace without maps the answer is 65534.
    pub caller: Caller,
    journal: Journal,
    directory: PathBuf,
}

/// The ids of the process that makes the container.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// Effective user id on the host.
    pub uid: Uid,
    /// Effective group id on the host.
    pub gid: Gid,
}

impl Caller {
    /// The ids of this process.
    pub fn current() -> Caller {
        Caller { uid: Uid::effective(), gid: Gid::effective() }
    }
}

impl Plan {
    pub(crate) fn new(directory: &Path, journal: Journal) -> Plan {
        Plan {
            create: Namespaces::none(),
            join: Vec::new(),
            cgroup: None,
            root: "/".into(),
            caller: Caller::current(),
            journal,
            directory: directory.into(),
        }
    }

    /// The container's state directory; what is put there goes with it.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes down how a host resource goes away. To be called *before* the resource is made, so that
    /// whoever finds the state directory after a crash can undo it.
    pub fn undo_later(&self, undo: Undo) -> Result<()> {
        self.journal.write(&undo)
    }
}

/// The process exists and waits: what a mechanism on the host side can take hold of.
pub struct Process<'a> {
    /// Its process id, as the host counts.
    pub pid: Pid,
    /// See [`Plan::caller`].
    pub caller: Caller,
    pub(crate) pidfd: BorrowedFd<'a>,
    pub(crate) journal: &'a Journal,
}

impl Process<'_> {
    /// A handle that can't be taken over by another process when this one is gone: pidfd_open(2).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// See [`Plan::undo_later`].
    pub fn undo_later(&self, undo: Undo) -> Result<()> {
        self.journal.write(&undo)
    }
}

/// Inside the container: what the command will be run with. Mechanisms may change it on the way.
#[derive(Debug, Clone)]
pub struct Inside {
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// Its environment.
    pub env: Vec<(OsString, OsString)>,
    /// What [`Plan::root`] became: where mounts go until the change of root. The mechanism that changes
    /// it sets it to `/`.
    pub root: PathBuf,
    /// Whether an init stands between the kernel and the command.
    pub init: bool,
    /// Descriptors for the host: see [`Inside::give_to_host`].
    for_host: Vec<Rc<OwnedFd>>,
}

impl Inside {
    /// What is known before the mechanisms have their turn.
    pub fn new(command: Vec<OsString>, env: Vec<(OsString, OsString)>, init: bool) -> Inside {
        Inside { command, env, root: "/".into(), init, for_host: Vec::new() }
    }

    /// Sends a descriptor up to the host, with the next message: a terminal that was opened inside, a
    /// socket. It arrives in [`Container::take_fds`](crate::Container::take_fds).
    pub fn give_to_host(&mut self, fd: OwnedFd) {
        self.for_host.push(Rc::new(fd));
    }

    /// What is to be sent, once.
    pub(crate) fn take_fds(&mut self) -> Vec<OwnedFd> {
        let shared = std::mem::take(&mut self.for_host);
        shared.into_iter().filter_map(|fd| Rc::try_unwrap(fd).ok()).collect()
    }
}
