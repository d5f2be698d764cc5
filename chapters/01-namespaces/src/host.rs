//! The host's side of making a container: from the plan to *ready*.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::child::Child;
use crate::explain;
use crate::gate::Gate;
use crate::join;
use crate::launch::CallerSignals;
use crate::link::{FromChild, FromHost, Link};
use crate::locked::Locked;
use crate::mechanism::{Mechanism, in_stage_order};
use crate::namespaces::Namespace;
use crate::plan::{Inside, Plan, Process};
use crate::process_end::PATIENCE;
use crate::recorded_process::start_time;
use crate::refused;
use crate::removal;
use crate::state::{State, Status};
use crate::sys::{self, Cloned, ShownMemory, Whose};
use crate::target::Target;
use crate::undo::{Journal, Undo};
use crate::wait;

/// The container's first process, as the process that made it holds it.
#[derive(Debug)]
pub(crate) struct Made {
    pub pid: Pid,
    pub pidfd: OwnedFd,
    /// See [`Inside::give_to_host`].
    pub from_inside: Vec<OwnedFd>,
    /// Kept open by a foreground container's maker: its end tells the child that the maker is gone.
    _link: Option<Link>,
}

// ANCHOR: make
/// Makes the process and leads it up to its start gate. On any error the process is gone when this
/// returns; what else was made is in the undo journal.
pub(crate) fn make(
    locked: Locked,
    state: &mut State,
    mut inside: Inside,
    mechanisms: Vec<Box<dyn Mechanism>>,
    signals: CallerSignals,
) -> Result<(Locked, Made)> {
    if !sys::is_single_threaded()? {
        bail!(
            "a container can be made only by a process with a single thread: a lock that another thread holds at the clone \
               would stay locked in the child for ever (start a helper process instead)"
        );
    }
    let directory = locked.directory.clone();
    let journal = Journal::open(&directory)?;
    let mut mechanisms = in_stage_order(mechanisms);
    let mut plan = Plan::new(&directory, Journal::open(&directory)?);
    for mechanism in &mut mechanisms {
        mechanism.prepare(&mut plan).with_context(|| format!("{}: cannot be prepared", mechanism.name()))?;
    }
    inside.root.clone_from(&plan.root);
    let gate = Gate::build(&directory)?;
    let (link, childs_link) = Link::pair()?;
    let shown = ShownMemory::of_this_process()?;

    let cloned = join::clone_joined(&plan.join, plan.create, plan.cgroup.as_ref());
    let with_user = plan.create.has(Namespace::User);
    match cloned.map_err(|error| refused::explained(error, with_user)).context("cannot make the container's process")? {
        Cloned::Child => {
            // Closed, not unlocked: the lock belongs to the host.
            drop((locked, link, journal));
            let foreground = state.foreground;
            Child { link: childs_link, gate, mechanisms, inside, signals, shown, foreground }.run()
        }
        Cloned::Parent { child: pid, pidfd } => {
            drop((childs_link, gate));
            let process = Process { pid, caller: plan.caller, pidfd: pidfd.as_fd(), journal: &journal };
            let led = note_process(state, pid, &directory, &journal)
                .and_then(|()| serve(&link, &process, &mut mechanisms))
                .and_then(|fds| link.send(&FromHost::WaitAtGate, &[]).map(|()| fds))
                .map_err(|error| refused::explained(error, with_user).context("cannot set the container up"));
            let from_inside = match led {
                Ok(fds) => fds,
                Err(error) => {
                    kill_and_reap(&pidfd, &directory);
                    return Err(error);
                }
            };
            state.status = Status::Created;
            if let Err(error) = state.write(&directory) {
                kill_and_reap(&pidfd, &directory);
                return Err(error);
            }
            Ok((locked, Made { pid, pidfd, from_inside, _link: state.foreground.then_some(link) }))
        }
    }
}
// ANCHOR_END: make

/// The journal has it, too: a state file that is damaged names no process any more.
fn note_process(state: &mut State, pid: Pid, directory: &Path, journal: &Journal) -> Result<()> {
    state.pid = pid.as_raw();
    // None when it failed so fast that it is gone already: then it has left word on the link, and that
    // is what to tell.
    state.start_time = start_time(pid).unwrap_or_default();
    let namespace = std::fs::metadata(format!("/proc/{pid}/ns/pid"));
    state.pid_namespace = namespace.map_or(0, |namespace| namespace.ino());
    journal.write(&Undo::EndProcess(state.process()))?;
    state.write(directory)
}

/// Answers the child until it is ready, and returns what it sends up.
fn serve(link: &Link, process: &Process<'_>, mechanisms: &mut [Box<dyn Mechanism>]) -> Result<Vec<OwnedFd>> {
    loop {
        let (message, fds) = next_message(link)?.map_or((None, Vec::new()), |(message, fds)| (Some(message), fds));
        match message {
            Some(FromChild::Ask(index)) => {
                let mechanism =
                    mechanisms.get_mut(index).context("the child asked for a mechanism that there isn't")?;
                let name = mechanism.name();
                let handover = mechanism.attach(process).with_context(|| format!("{name}: cannot be attached"))?;
                link.send(&FromHost::Attached(handover.bytes), &handover.fds)?;
            }
            Some(FromChild::Did(step)) => explain::relay(&step),
            Some(FromChild::Ready) => return Ok(fds),
            Some(FromChild::Failed(failure)) => return Err(failure.into()),
            Some(FromChild::Sealed) => bail!("the child ran ahead of its start gate: a bug of ours"),
            None => bail!("the container's process {}", how_it_ended(process)),
        }
    }
}

/// Goes through the gate of the container in `directory` and listens until its command runs. `note`
/// is called just before, while the container waits: if we are killed, no command runs that the
/// state doesn't know of.
///
/// When this fails, `process` has ended, so that whoever looks next doesn't find it alive.
pub(crate) fn start(directory: &Path, process: Option<&Target>, note: impl FnOnce() -> Result<()>) -> Result<()> {
    let link = crate::gate::knock(directory)?;
    let started = through_the_gate(&link, note);
    if let (Err(_), Some(process)) = (&started, process) {
        // A process closes its end of the link a little before it is seen to have ended.
        process.ends_within(PollTimeout::from(1000u16));
    }
    started
}

fn through_the_gate(link: &Link, note: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut note = Some(note);
    link.send(&FromHost::Start, &[])?;
    let mut sealed = false;
    loop {
        match link.receive()?.map(|(message, _)| message) {
            Some(FromChild::Did(step)) => explain::relay(&step),
            Some(FromChild::Sealed) => {
                sealed = true;
                note.take().map_or(Ok(()), |note| note())?;
                link.send(&FromHost::Go, &[])?;
            }
            Some(FromChild::Failed(failure)) => return Err(failure.into()),
            Some(other) => bail!("the container answered {other:?} at its start gate: a bug of ours"),
            // Our end was closed by execve.
            None if sealed => return Ok(()),
            None => bail!("the container's process died in its last stage, before it ran the command"),
        }
    }
}

/// Ends a process that never got to its command, and takes its exit status away.
pub(crate) fn kill_and_reap(pidfd: &OwnedFd, directory: &Path) {
    // It may be dead already; then there is only the reaping to do.
    let _ = sys::pidfd_send_signal(pidfd.as_fd(), Signal::SIGKILL);
    removal::thaw_cgroups(directory);
    // Where a cgroup above is frozen it doesn't die. Its removal then says so, and nobody waits for
    // ever.
    let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    let milliseconds = u16::try_from(PATIENCE.as_millis()).unwrap_or(u16::MAX);
    if poll(&mut ended, PollTimeout::from(milliseconds)).is_ok_and(|ready| ready > 0) {
        let _ = sys::wait_for_end(Whose::Process(pidfd.as_fd()), 0);
    }
}

/// The child's next message. A signal that ends programs waits until the container is made; but a
/// child that stands still (in a frozen cgroup, at a mount of a broken disk) is not waited for any
/// longer once there is one.
fn next_message(link: &Link) -> Result<Option<(FromChild, Vec<OwnedFd>)>> {
    loop {
        let mut message = [PollFd::new(link.as_fd(), PollFlags::POLLIN)];
        match poll(&mut message, PollTimeout::from(1000u16)) {
            Err(Errno::EINTR) => {}
            Ok(0) if wait::is_told_to_end() => bail!(
                "given up, since a signal came and the container's process did not answer\n\
                 cause: a cgroup above it is frozen, or it waits for a device (a broken disk, NFS)"
            ),
            Ok(0) => {}
            Err(errno) => return Err(errno).context("cannot wait for the container's process"),
            Ok(_) => return link.receive(),
        }
    }
}

fn how_it_ended(process: &Process<'_>) -> String {
    // WNOWAIT: the exit status stays for whoever reaps it.
    match sys::wait_for_end(Whose::Process(process.pidfd), libc::WNOWAIT) {
        Ok(Some((_, exit))) => format!("{exit} before it was ready"),
        other => format!("went away before it was ready ({other:?})"),
    }
}
