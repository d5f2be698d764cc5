//! One more command in a container that runs: `docker exec`.
//!
//! It is a life without a directory: a process in the container's namespaces and cgroups, under the
//! same restrictions, that leaves nothing on disk. Its maker stays where it is, and is its parent
//! (unlike [`enter`](crate::enter), which moves the calling process for good).

use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::child::tell_over;
use crate::enter::{become_root_inside, has_root};
use crate::failure::Failure;
use crate::join::clone_joined;
use crate::launch::{self, CallerSignals};
use crate::link::{FromChild, Link};
use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Inside;
use crate::sys::{self, Cloned};
use crate::target::Target;

/// What to run, and where.
pub struct Exec {
    /// The container's first process.
    pub target: Target,
    /// The command, and its environment.
    pub inside: Inside,
    /// What is done inside before it, in this order: joining cgroups, a terminal, giving up powers.
    /// None of them has work on the host.
    pub mechanisms: Vec<Box<dyn Mechanism>>,
    /// A cgroup v2 directory to be born in.
    pub cgroup: Option<OwnedFd>,
}

/// The process, and what it sent up from inside.
#[derive(Debug)]
pub struct Running {
    /// As the host counts.
    pub pid: Pid,
    /// Its handle.
    pub pidfd: OwnedFd,
    /// Descriptors that mechanisms gave to the host: a terminal's other end.
    pub from_inside: Vec<OwnedFd>,
}

impl Exec {
    // ANCHOR: exec
    /// Starts it, and returns when the command runs; or why it doesn't, with Docker's exit status.
    pub fn start(mut self) -> Result<Running> {
        let apart = self.target.apart_from(&Target::myself()?)?;
        let as_root = apart.has(Namespace::User) && has_root(&self.target);
        let signals = CallerSignals::put_aside()?;
        let (link, childs) = Link::pair()?;
        let join = match apart == Namespaces::none() {
            true => Vec::new(),
            false => vec![(apart, self.target.pidfd().try_clone_to_owned()?)],
        };
        let cloned = clone_joined(&join, Namespaces::none(), self.cgroup.as_ref());
        match cloned.context("cannot make a process in the container") {
            Ok(Cloned::Child) => {
                drop(link);
                let childs = Rc::new(childs);
                tell_over(&childs);
                std::panic::set_hook(Box::new(|_| {}));
                let run = AssertUnwindSafe(|| self.become_command(&childs, &signals, as_root));
                let error = match catch_unwind(run) {
                    Ok(Ok(never)) => match never {},
                    Ok(Err(error)) => error,
                    Err(_) => anyhow!("a panic inside the container: a bug of ours"),
                };
                let failure = Failure::from_error(&error);
                let code = failure.exit_code;
                let _ = childs.send(&FromChild::Failed(failure), &[]);
                sys::exit_now(code)
            }
            Ok(Cloned::Parent { child: pid, pidfd }) => {
                drop(childs);
                signals.give_back()?;
                let from_inside = listen(&link).inspect_err(|_| {
                    let _ = sys::pidfd_send_signal(pidfd.as_fd(), Signal::SIGKILL);
                    let _ = crate::wait::reap(pidfd.as_fd());
                })?;
                Ok(Running { pid, pidfd, from_inside })
            }
            Err(error) => {
                signals.give_back()?;
                Err(error)
            }
        }
    }
    // ANCHOR_END: exec

    fn become_command(
        &mut self,
        link: &Link,
        signals: &CallerSignals,
        as_root: bool,
    ) -> Result<std::convert::Infallible> {
        set_pdeathsig(Signal::SIGKILL).context("cannot tie the command's life to ours")?;
        if as_root {
            become_root_inside()?;
        }
        for mechanism in &self.mechanisms {
            mechanism
                .enter(Handover::default(), &mut self.inside)
                .with_context(|| format!("{}: cannot be set up inside", mechanism.name()))?;
        }
        let fds = self.inside.take_fds();
        launch::execute(&self.inside, signals, || link.send(&FromChild::Sealed, &fds))
    }
}

/// Until its end of the link is closed by execve.
fn listen(link: &Link) -> Result<Vec<OwnedFd>> {
    let mut sealed = None;
    loop {
        match link.receive()? {
            Some((FromChild::Sealed, fds)) => sealed = Some(fds),
            Some((FromChild::Failed(failure), _)) => return Err(failure.into()),
            Some((FromChild::Did(step), _)) => crate::explain::relay(&step),
            Some((other, _)) => bail!("a process in the container said {other:?}: a bug of ours"),
            None => return sealed.context("the process in the container died before it ran the command"),
        }
    }
}
