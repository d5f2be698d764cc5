//! Inside: from the clone to the command.
//!
//! Everything here runs in the new process, on a copy of the host's memory. It ends in execve(2) or
//! in `_exit`, never by returning into the host's code.

use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use anyhow::{Context, Result, anyhow};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use crate::explain::{self, Lane};
use crate::failure::{Failure, exit};
use crate::gate::Gate;
use crate::init;
use crate::launch::{self, CallerSignals};
use crate::link::{FromChild, FromHost, Link};
use crate::mechanism::{Handover, Mechanism};
use crate::plan::Inside;
use crate::stage::Stage;
use crate::sys::{self, ShownMemory};

/// What the child is born with.
pub(crate) struct Child {
    pub link: Link,
    pub gate: Gate,
    pub mechanisms: Vec<Box<dyn Mechanism>>,
    pub inside: Inside,
    pub signals: CallerSignals,
    /// What /proc shows of us, until we exec.
    pub shown: ShownMemory,
    /// Whether it must not outlive the process that made it.
    pub foreground: bool,
}

impl Child {
    /// Becomes the command. Never returns.
    pub fn run(self) -> ! {
        // A panic must neither unwind into the host's frames, whose destructors would run a second time in
        // here, nor print a backtrace on the container's stderr.
        std::panic::set_hook(Box::new(|_| {}));
        // A copy of the caller's, and with an init it would stay: whoever is in this PID namespace
        // reads it in /proc/1/environ. The container's own belongs there.
        self.shown.show_environment(launch::environment_entries(&self.inside.env));
        if !self.foreground {
            sys::let_go_of_pipes();
        }
        let code = catch_unwind(AssertUnwindSafe(|| self.set_up_and_start())).unwrap_or(exit::OURS);
        sys::exit_now(code)
    }

    /// Returns only when it failed, with the exit status.
    fn set_up_and_start(mut self) -> u8 {
        let link = Rc::new(self.link);
        tell_over(&link);
        let ready = guarded(|| set_up(&link, &self.mechanisms, &mut self.inside, self.foreground));
        if let Err(error) = ready {
            return give_up(&link, &error);
        }
        let starter = match guarded(|| wait_to_be_started(&link, &self.gate, self.foreground)) {
            Ok(Some(starter)) => Rc::new(starter),
            // The host died before it could take note of us: nobody would ever find us.
            Ok(None) => return exit::OURS,
            Err(error) => return give_up(&link, &error),
        };
        drop(link);
        tell_over(&starter);
        let result = guarded(|| {
            for mechanism in self.mechanisms.iter().filter(|mechanism| mechanism.stage() == Stage::Seal) {
                enter_mechanism(&**mechanism, Handover::default(), &mut self.inside)?;
            }
            if self.inside.init {
                init::fork_off(&self.shown)?;
            }
            launch::execute(&self.inside, &self.signals, || {
                // Without its answer nobody would know that the command runs; and its first output might come
                // before the step that made it is told.
                starter.send(&FromChild::Sealed, &[])?;
                match starter.receive()? {
                    Some((FromHost::Go, _)) => Ok(()),
                    _ => Err(anyhow!("whoever started us went away before the command could run")),
                }
            })
        });
        match result {
            Err(error) => give_up(&starter, &error),
            Ok(never) => match never {},
        }
    }
}

// ANCHOR: lockstep
/// Walks the sorted mechanisms up to *ready*. Where one needs the host, the child asks and waits:
/// the first such question is the barrier behind which the host has written the id maps.
fn set_up(link: &Link, mechanisms: &[Box<dyn Mechanism>], inside: &mut Inside, foreground: bool) -> Result<()> {
    if foreground {
        // Set before the first word over the link: a host that died earlier makes that word fail.
        set_pdeathsig(Signal::SIGKILL).context("cannot tie the container's life to ours")?;
    }
    for (index, mechanism) in mechanisms.iter().enumerate().filter(|(_, mechanism)| mechanism.stage() < Stage::Seal) {
        let from_host = if mechanism.needs_host() { ask(link, index)? } else { Handover::default() };
        enter_mechanism(&**mechanism, from_host, inside)?;
    }
    let fds = inside.take_fds();
    link.send(&FromChild::Ready, &fds)
}
// ANCHOR_END: lockstep

fn ask(link: &Link, index: usize) -> Result<Handover> {
    link.send(&FromChild::Ask(index), &[])?;
    match link.receive()? {
        Some((FromHost::Attached(bytes), fds)) => Ok(Handover { bytes, fds }),
        other => Err(anyhow!("the host went away while we waited for it ({other:?})")),
    }
}

fn enter_mechanism(mechanism: &dyn Mechanism, from_host: Handover, inside: &mut Inside) -> Result<()> {
    mechanism.enter(from_host, inside).with_context(|| format!("{}: cannot be set up inside", mechanism.name()))
}

/// Waits until the host has written down that we exist, then for somebody at the gate. `None` when
/// the host died first.
fn wait_to_be_started(link: &Link, gate: &Gate, foreground: bool) -> Result<Option<Link>> {
    let Some((FromHost::WaitAtGate, _)) = link.receive()? else { return Ok(None) };
    if foreground && !comes_before_hangup(gate, link)? {
        return Ok(None);
    }
    let starter = gate.wait()?;
    match starter.receive()? {
        Some((FromHost::Start, _)) => Ok(Some(starter)),
        _ => Err(anyhow!("somebody knocked at the start gate and left")),
    }
}

/// Whether somebody knocks before the host is gone.
fn comes_before_hangup(gate: &Gate, link: &Link) -> Result<bool> {
    let mut fds = [PollFd::new(gate.as_fd(), PollFlags::POLLIN), PollFd::new(link.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::NONE).context("cannot wait at the start gate")?;
    Ok(fds[0].any().unwrap_or(false))
}

pub(crate) fn tell_over(link: &Rc<Link>) {
    if explain::is_narrated() {
        let link = Rc::clone(link);
        // A host that stopped listening is noticed at the next question, not here.
        explain::narrate_to(Lane::Container, Box::new(move |step| drop(link.send(&FromChild::Did(step.clone()), &[]))));
    }
}

/// Runs a piece of the child's work; a panic in it becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(anyhow!("a bug of ours: panic inside the container: {}", text.unwrap_or_default()))
    })
}

fn give_up(link: &Link, error: &anyhow::Error) -> u8 {
    let failure = Failure::from_error(error);
    let code = failure.exit_code;
    // If nobody listens any more, the exit status is all that is left to say.
    let _ = link.send(&FromChild::Failed(failure), &[]);
    code
}
