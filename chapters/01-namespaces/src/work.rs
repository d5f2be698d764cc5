//! Work in other namespaces: a short-lived process goes there, does it, and sends back what came of
//! it.
//!
//! A process can't go and return: who has joined a user namespace has no rights in the old one any
//! more, and who has unshared it can't undo that. So a child goes. It is how an ordinary user
//! unpacks files that belong to many ids, or removes them: inside a user namespace where these ids
//! are mapped.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::explain::{self, Step};
use crate::failure::Failure;
use crate::join::clone_joined;
use crate::link::Link;
use crate::mapping::Request;
use crate::mechanisms::write_id_maps;
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Caller;
use crate::refused;
use crate::sys::{self, Cloned};
use crate::work_interrupts::Interrupts;

/// The namespaces that the work is done in. The default is: ours, in a process of its own.
#[derive(Debug, Default)]
pub struct Elsewhere {
    /// Existing namespaces to join: files of /proc/PID/ns, or a pidfd and kinds.
    pub join: Vec<(Namespaces, OwnedFd)>,
    /// Namespaces to make.
    pub create: Namespaces,
    /// Which ids a new user namespace has.
    pub ids: Request,
    /// Whether a signal that asks us to end (Ctrl-C, SIGTERM, SIGHUP) ends the work alone: the caller
    /// gets an error with the exit status of that signal, and can clean up. Nothing that the work has
    /// started is alive by then.
    pub interruptible: bool,
}

impl Elsewhere {
    /// A new user namespace, in which the caller is root over all ids that they may map.
    pub fn new_user_namespace() -> Elsewhere {
        Elsewhere { create: Namespaces::none().with(Namespace::User), ..Elsewhere::default() }
    }
}

#[derive(Serialize, Deserialize)]
enum FromWorker {
    /// A step to be narrated.
    Did(Step),
    /// Success; the value is in the first descriptor that comes along, the others belong to it.
    Done,
    Failed(Failure),
}

/// What the work yields: a value, and descriptors that were opened on the way.
pub type Yield<T> = (T, Vec<OwnedFd>);

// ANCHOR: work_in
/// Does `work` in a child in other namespaces, and brings its value and descriptors back. The child
/// ends with this process.
pub fn work_in<T>(place: Elsewhere, work: impl FnOnce() -> Result<Yield<T>>) -> Result<Yield<T>>
where
    T: Serialize + DeserializeOwned,
{
    if !sys::is_single_threaded()? {
        bail!("only a process with a single thread can work in other namespaces: a bug of ours");
    }
    let caller = Caller::current();
    let (link, workers) = Link::pair()?;
    let interrupts = place.interruptible.then(Interrupts::block).transpose()?;
    let with_user = place.create.has(Namespace::User);
    let explained = |error| refused::explained(error, with_user);
    let cloned = clone_joined(&place.join, place.create, None).map_err(explained);
    match cloned.context("cannot make a process for work elsewhere")? {
        Cloned::Child => {
            drop((link, interrupts));
            let workers = Rc::new(workers);
            let result = catch_unwind(AssertUnwindSafe(|| be_worker(&workers, &place, work)));
            let result = result.unwrap_or_else(|_| Err(anyhow!("a panic in a worker: a bug of ours")));
            let sent = match result {
                Ok(fds) => workers.send(&FromWorker::Done, &fds),
                Err(error) => workers.send(&FromWorker::Failed(Failure::from_error(&error)), &[]),
            };
            sys::exit_now(sent.is_err().into())
        }
        Cloned::Parent { child, pidfd } => {
            drop(workers);
            let mapped = if with_user {
                write_id_maps(place.ids, child, caller).map_err(explained).and_then(|()| link.send(&(), &[]))
            } else {
                Ok(())
            };
            if mapped.is_err() {
                let _ = sys::pidfd_send_signal(pidfd.as_fd(), Signal::SIGKILL);
            }
            let wait = || interrupts.as_ref().map_or(Ok(()), |interrupts| interrupts.wait_for(&link, pidfd.as_fd()));
            let report = mapped.and_then(|()| listen(&link, wait));
            let end = waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED).context("cannot wait for a worker")?;
            if let Some(interrupts) = interrupts {
                interrupts.unblock(end)?;
            }
            let mut fds = report?.into_iter();
            let mut value = File::from(fds.next().context("a worker sent no value: a bug of ours")?);
            let mut bytes = Vec::new();
            value.rewind()?;
            value.read_to_end(&mut bytes)?;
            Ok((serde_json::from_slice(&bytes).context("what a worker sent can't be read")?, fds.collect()))
        }
    }
}
// ANCHOR_END: work_in

/// The child's side: waits until its ids exist, and works. The value goes into a file in memory,
/// whatever its size.
fn be_worker<T: Serialize>(
    link: &Rc<Link>,
    place: &Elsewhere,
    work: impl FnOnce() -> Result<Yield<T>>,
) -> Result<Vec<OwnedFd>> {
    set_pdeathsig(Signal::SIGKILL).context("cannot tie a worker's life to ours")?;
    // Who was killed before that has sent no signal: then nobody holds the other end any more.
    let mut other_end = [PollFd::new(link.as_fd(), PollFlags::empty())];
    poll(&mut other_end, PollTimeout::ZERO).context("poll")?;
    if other_end[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP)) {
        bail!("nobody waits for this work any more");
    }
    if place.create.has(Namespace::User) && link.receive::<()>()?.is_none() {
        bail!("the ids of a worker's user namespace could not be mapped");
    }
    if let Some(lane) = explain::lane() {
        let link = Rc::clone(link);
        let send = move |step: &Step| drop(link.send(&FromWorker::Did(step.clone()), &[]));
        explain::narrate_to(lane, Box::new(send));
    }
    let (value, fds) = work()?;
    let mut file = File::from(memfd_create(c"value", MFdFlags::MFD_CLOEXEC).context("memfd_create")?);
    file.write_all(&serde_json::to_vec(&value)?)?;
    Ok([OwnedFd::from(file)].into_iter().chain(fds).collect())
}

fn listen(link: &Link, wait: impl Fn() -> Result<()>) -> Result<Vec<OwnedFd>> {
    loop {
        wait()?;
        match link.receive()? {
            Some((FromWorker::Did(step), _)) => explain::relay(&step),
            Some((FromWorker::Done, fds)) => return Ok(fds),
            Some((FromWorker::Failed(failure), _)) => return Err(failure.into()),
            None => bail!("a process that worked for us in other namespaces was killed"),
        }
    }
}
