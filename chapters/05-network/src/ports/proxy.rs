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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use ch01_namespaces::Undo;
use ch01_namespaces::helper::{self, Work};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};

/// Connections at one time. A caller beyond that is accepted and dropped at once.
const MOST: usize = 1024;

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

/// Until the container ends.
fn serve(container: &OwnedFd, listeners: Vec<TcpListener>, targets: &[SocketAddrV4]) -> Result<()> {
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    for (listener, target) in listeners.into_iter().zip(targets.iter().copied()) {
        thread::spawn(move || {
            for caller in listener.incoming() {
                match caller {
                    Ok(caller) if OPEN.load(Ordering::Relaxed) < MOST => {
                        OPEN.fetch_add(1, Ordering::Relaxed);
                        let carried = thread::Builder::new().stack_size(256 * 1024).spawn(move || {
                            let _ = carry(caller, target);
                            OPEN.fetch_sub(1, Ordering::Relaxed);
                        });
                        if carried.is_err() {
                            OPEN.fetch_sub(1, Ordering::Relaxed);
                        }
                    }
                    // Too many, or no descriptor is left: let some end.
                    Ok(_) | Err(_) => thread::sleep(Duration::from_millis(50)),
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

// ANCHOR: carry
/// Copies bytes in both directions. When one side closes its direction, only this direction ends,
/// because the other side may still send an answer (a half-close, as in `nc -N`).
fn carry(caller: TcpStream, target: SocketAddrV4) -> io::Result<()> {
    let container = TcpStream::connect_timeout(&target.into(), PATIENCE)?;
    let (caller_again, container_again) = (caller.try_clone()?, container.try_clone()?);
    let back = thread::Builder::new().stack_size(256 * 1024).spawn(move || copy(&container_again, &caller_again))?;
    copy(&caller, &container);
    let _ = back.join();
    Ok(())
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
