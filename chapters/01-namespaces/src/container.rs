//! A container's life, from `create` to `remove`.

use std::ffi::OsString;
use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::host::{self, Made};
use crate::launch::CallerSignals;
use crate::mechanism::Mechanism;
use crate::plan::Inside;
use crate::state::{State, Status};
use crate::store::{Locked, Store, new_id};
use crate::sys;
use crate::undo::Journal;
use crate::wait::{self, Exit};

/// What to run, whatever the mechanisms.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// A name to call it by, besides its id.
    pub name: Option<String>,
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// Its environment.
    pub env: Vec<(OsString, OsString)>,
    /// Whether an init runs as the first process, and the command as its child.
    pub init: bool,
    /// Whether it dies with the process that made it. (The kernel forgets that promise when the command is a setuid
    /// program: PR_SET_PDEATHSIG(2const).)
    pub foreground: bool,
}

/// A container made by this process, which holds the lock on its state folder.
#[derive(Debug)]
pub struct Container {
    locked: Locked,
    made: Made,
    state: State,
}

impl Container {
    /// Makes a container, up to its start gate. When it fails, everything that was made is undone.
    pub fn create(store: &Store, spec: Spec, mechanisms: Vec<Box<dyn Mechanism>>) -> Result<Container> {
        let signals = CallerSignals::put_aside()?;
        let made = Container::create_undisturbed(store, spec, mechanisms, signals);
        if made.as_ref().map_or(true, |container| !container.state.foreground) {
            signals.give_back().context("cannot take the signal settings back")?;
        }
        made
    }

    fn create_undisturbed(
        store: &Store,
        spec: Spec,
        mechanisms: Vec<Box<dyn Mechanism>>,
        signals: CallerSignals,
    ) -> Result<Container> {
        remove_debris(store)?;
        let mut state = State {
            id: new_id()?,
            name: spec.name,
            status: Status::Creating,
            pid: 0,
            start_time: 0,
            created: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs(),
            command: spec.command.iter().map(|part| part.to_string_lossy().into_owned()).collect(),
            foreground: spec.foreground,
        };
        let locked = store.new_folder(&state)?;
        let folder = locked.folder.clone();
        let inside = Inside { command: spec.command, env: spec.env, root: "/".into(), init: spec.init };
        let made = host::make(locked, &mut state, inside, mechanisms, signals);
        match made {
            Ok((locked, made)) => Ok(Container { locked, made, state }),
            Err(error) => match undo(&folder) {
                Ok(()) => Err(error),
                Err(left) => Err(error.context(format!("and not everything could be undone: {left:#}"))),
            },
        }
    }

    /// Its id: 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.state.id
    }

    /// Its first process, as the host counts.
    pub fn pid(&self) -> Pid {
        self.made.pid
    }

    /// Runs the command. When the command can't be run the container is removed.
    pub fn start(&mut self) -> Result<()> {
        start_in(&self.locked, &mut self.state)
    }

    /// Waits for its end, handing on the signals that this process gets meanwhile.
    pub fn wait(&self) -> Result<Exit> {
        wait::wait(self.made.pid, self.made.pidfd.as_fd(), self.state.foreground)
    }

    /// Leaves it to itself: it goes on, and other processes find it in the store.
    pub fn leave(self) -> String {
        self.state.id
    }

    /// Ends it if it still runs, and removes all that was made for it.
    pub fn remove(self) -> Result<()> {
        host::kill_and_reap(&self.made.pidfd);
        undo(&self.locked.folder)
    }
}

/// Starts a container that another process has created.
pub fn start(store: &Store, name: &str) -> Result<()> {
    let (folder, _) = store.find(name)?;
    let locked = store
        .try_lock(&folder)?
        .with_context(|| format!("container {name} is busy: another process is making, running or removing it"))?;
    let mut state = State::read(&folder)?.with_context(|| format!("container {name} is gone"))?;
    start_in(&locked, &mut state).with_context(|| format!("cannot start container {name}"))
}

fn start_in(locked: &Locked, state: &mut State) -> Result<()> {
    host::start(&locked.folder)?;
    state.status = Status::Running;
    state.write(&locked.folder)
}

/// Removes a container that another process has made; with `force`, also a living one.
pub fn remove(store: &Store, name: &str, force: bool) -> Result<()> {
    let (folder, state) = store.find(name)?;
    if state.is_alive() && !force {
        bail!("container {name} is alive (process {}): end it first, or remove it with --force", state.pid);
    }
    kill_by_record(&state)?;
    // Its maker, if it still waits, now sees the end and removes it; we come after.
    if let Some(locked) = Locked::take(&folder)? {
        undo(&locked.folder)?;
    }
    Ok(())
}

/// Kills the process that a state file names, if it is still the same process, and waits until it is gone.
fn kill_by_record(state: &State) -> Result<()> {
    if state.pid == 0 {
        return Ok(());
    }
    // Open first, compare after: the pidfd then holds the very process whose start time was looked at.
    let Ok(pidfd) = sys::pidfd_open(Pid::from_raw(state.pid)) else { return Ok(()) };
    if !state.is_alive() {
        return Ok(());
    }
    match sys::pidfd_send_signal(pidfd.as_fd(), Signal::SIGKILL) {
        // It has died by itself meanwhile: a child notices when its maker is gone.
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => return Err(errno).with_context(|| format!("cannot kill process {} of the container", state.pid)),
    }
    let patience = Instant::now() + Duration::from_secs(10);
    while state.is_alive() {
        let left = patience.saturating_duration_since(Instant::now());
        let mut ended = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
        if poll(&mut ended, PollTimeout::try_from(left)?)? == 0 {
            bail!("process {} of the container has not died of SIGKILL in 10 s", state.pid);
        }
    }
    Ok(())
}

// ANCHOR: debris
/// Finds what makers that were killed left half-made, and what their foreground containers left, and removes it.
pub fn remove_debris(store: &Store) -> Result<()> {
    let is_debris =
        |state: Option<&State>| state.is_none_or(|state| state.status == Status::Creating || state.foreground);
    for locked in store.claim(is_debris)? {
        if let Some(state) = State::read(&locked.folder)? {
            kill_by_record(&state)?;
        }
        undo(&locked.folder).context("cannot remove what a killed run left behind")?;
    }
    Ok(())
}

/// Undoes what the journal says, then removes the state folder. If something can't be undone the folder stays, for the
/// next attempt.
fn undo(folder: &Path) -> Result<()> {
    Journal::undo_all(folder)?;
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("cannot remove {}", folder.display())),
    }
}
// ANCHOR_END: debris
