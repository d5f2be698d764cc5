//! The proxy: a helper process that takes connections to published ports and makes one to the
//! container for each.
//!
//! Rules of the firewall would be enough for callers from elsewhere. A caller on the machine that
//! uses its loopback address needs the proxy, since the kernel routes no packet from 127.0.0.1 to a
//! bridge; and so does everybody where there is no `nft`, and on an ordinary user's networks, which
//! the machine has no route to.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use ch01_namespaces::Undo;
use ch01_namespaces::helper::{self, Work};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Connections at one time, however many files may be open: each takes two threads.
const MOST: u64 = 1024;

/// Open files besides those of connections: listeners, and some to spare.
const OTHER_FILES: u64 = 32;

/// A thread that copies needs little.
const STACK: usize = 256 * 1024;

/// How long a container may take to accept.
const PATIENCE: Duration = Duration::from_secs(10);

/// The helper's role. It is given the container's pidfd, the listeners, and where the network lives
/// in another namespace that namespace. With the container it also ends the rules that are in
/// `table`.
pub fn run(targets: &[SocketAddrV4], in_namespace: bool, table: Option<String>) -> Result<u8> {
    let targets = targets.to_vec();
    helper::serve(move |given| {
        let mut given = given.into_iter();
        let container = given.next().context("internal error: no pidfd was passed")?;
        if in_namespace {
            let namespace = given.next().context("internal error: no network namespace was passed")?;
            setns(&namespace, CloneFlags::CLONE_NEWNET).context("setns: cannot join the container's network")?;
        }
        let listeners: Vec<TcpListener> = given.map(TcpListener::from).collect();
        let work: Work = Box::new(move || {
            serve(&container, listeners, &targets)?;
            table.map_or(Ok(()), remove_rules)
        });
        Ok(((), Vec::new(), work))
    })
}

/// The container has ended. As long as this process lives, the listeners keep the ports, so nobody
/// else has rules for them yet. Whoever removes the container now removes the rules as well, and
/// ends us: `run` needn't wait for us.
fn remove_rules(table: String) -> Result<()> {
    thread::sleep(Duration::from_millis(200));
    Undo::RemoveNftTable(table).run()
}

// ANCHOR: places
/// Room for a number of connections. A caller beyond that waits until one ends: nobody accepts the
/// next one meanwhile, and the kernel keeps those after it in the listener's queue.
struct Places {
    free: Mutex<u64>,
    one_is_free: Condvar,
}

impl Places {
    /// As many as this process may have open files for; the soft limit is raised to the hard one.
    fn new(listeners: usize) -> Places {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
        let files = if setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft };
        // Each listener may hold one that waits.
        let others = OTHER_FILES + 2 * listeners as u64;
        Places { free: Mutex::new((files.saturating_sub(others) / 2).clamp(1, MOST)), one_is_free: Condvar::new() }
    }

    fn take(&self) {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.one_is_free.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
    }

    fn give_back(&self) {
        *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.one_is_free.notify_one();
    }
}
// ANCHOR_END: places

/// Until the container ends.
fn serve(container: &OwnedFd, listeners: Vec<TcpListener>, targets: &[SocketAddrV4]) -> Result<()> {
    let places = Arc::new(Places::new(listeners.len()));
    for (listener, target) in listeners.into_iter().zip(targets.iter().copied()) {
        let places = Arc::clone(&places);
        thread::spawn(move || {
            for caller in listener.incoming() {
                match caller {
                    Ok(caller) => {
                        places.take();
                        carry_in_a_thread(caller, target, &places);
                    }
                    // The machine has no descriptor left: let some end.
                    Err(_) => thread::sleep(Duration::from_millis(50)),
                }
            }
        });
    }
    loop {
        let mut ended = [PollFd::new(container.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ended, PollTimeout::NONE).is_ok_and(|ready| ready > 0) {
            return Ok(());
        }
    }
}

fn carry_in_a_thread(caller: TcpStream, target: SocketAddrV4, places: &Arc<Places>) {
    let theirs = Arc::clone(places);
    let carried = thread::Builder::new().stack_size(STACK).spawn(move || {
        let _ = carry(&caller, target);
        drop(caller);
        theirs.give_back();
    });
    if carried.is_err() {
        places.give_back();
    }
}

// ANCHOR: carry
/// Copies bytes in both directions. When one side closes its direction, only this direction ends,
/// because the other side may still send an answer (a half-close, as in `nc -N`).
fn carry(caller: &TcpStream, target: SocketAddrV4) -> io::Result<()> {
    let container = TcpStream::connect_timeout(&target.into(), PATIENCE)?;
    thread::scope(|scope| {
        let back = thread::Builder::new().stack_size(STACK);
        back.spawn_scoped(scope, || copy(&container, caller))?;
        copy(caller, &container);
        Ok(())
    })
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    let copied = loop {
        match from.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(length) => {
                if let Err(error) = to.write_all(&buffer[..length]) {
                    break Err(error);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    // After an error, the other direction can't work either.
    let _ = if copied.is_ok() { to.shutdown(Shutdown::Write) } else { to.shutdown(Shutdown::Both) };
    if copied.is_err() {
        let _ = from.shutdown(Shutdown::Both);
    }
}
// ANCHOR_END: carry
