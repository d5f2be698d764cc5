//! A container's life, from `create` to `remove`.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use nix::unistd::Pid;

use crate::frozen;
use crate::host::{self, Made};
use crate::launch::CallerSignals;
use crate::locked::Locked;
use crate::mechanism::Mechanism;
use crate::plan::Inside;
use crate::recorded_process::{RecordedProcess, is_exiting};
use crate::removal::{self, Damaged};
use crate::state::{State, Status};
use crate::store::{Store, new_id};
use crate::target::Target;
use crate::terminal::Lent;
use crate::wait::{self, Exit, Foreground};

/// What to run, whatever the mechanisms.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// Its id, if it has one already: 64 hexadecimal digits.
    pub id: Option<String>,
    /// A name to call it by, besides its id.
    pub name: Option<String>,
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// Its environment.
    pub env: Vec<(OsString, OsString)>,
    /// Whether an init runs as the first process, and the command as its child.
    pub init: bool,
    /// Whether it dies with the process that made it. (The kernel forgets that promise when the command
    /// is a setuid program: PR_SET_PDEATHSIG(2const).)
    pub foreground: bool,
}

/// A container made by this process, which holds the lock on its state directory.
#[derive(Debug)]
pub struct Container {
    locked: Locked,
    made: Made,
    state: State,
    has_init: bool,
    /// The caller's terminal, while a container in the foreground has it.
    terminal: Option<Lent>,
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
        removal::remove_debris(store)?;
        let mut state = State {
            id: spec.id.map_or_else(new_id, Ok)?,
            name: spec.name,
            status: Status::Creating,
            pid: 0,
            start_time: 0,
            seen_from: store.seen_from()?,
            pid_namespace: 0,
            created: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs(),
            command: spec.command.iter().map(|part| part.to_string_lossy().into_owned()).collect(),
            foreground: spec.foreground,
            maker: Some(RecordedProcess::from_pid(Pid::this())?),
        };
        let locked = store.new_directory(&state)?;
        let directory = locked.directory.clone();
        let has_init = spec.init;
        let inside = Inside::new(spec.command, spec.env, spec.init);
        let made = host::make(locked, &mut state, inside, mechanisms, signals);
        match made {
            Ok((locked, made)) => Ok(Container { locked, made, state, has_init, terminal: None }),
            Err(error) => match removal::undo(&directory, Damaged::Refuse) {
                Ok(()) => Err(error),
                Err(left) => Err(error.context(format!("and not everything could be undone: {left:#}"))),
            },
        }
    }

    /// Its id: 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.state.id
    }

    /// Its state directory.
    pub fn directory(&self) -> &Path {
        &self.locked.directory
    }

    /// Its first process, as the host counts.
    pub fn pid(&self) -> Pid {
        self.made.pid
    }

    /// Its first process, by a handle that stays its own: readable when it has ended (pidfd_open(2)).
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.made.pidfd.as_fd()
    }

    /// Descriptors that mechanisms sent up from inside, in the order of the mechanisms: a terminal's
    /// other end.
    pub fn take_fds(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.made.from_inside)
    }

    /// Takes the exit status of a process that has ended. For makers with a loop of their own.
    pub fn reap(&self) -> Result<Exit> {
        wait::reap(self.pidfd())
    }

    /// Runs the command. In the foreground, it gets the terminal.
    pub fn start(&mut self) -> Result<()> {
        if self.state.foreground {
            self.terminal = Lent::to(self.made.pid);
        }
        start_in(&self.locked, &mut self.state)
    }

    /// Waits for its end. In the foreground, signals that this process gets meanwhile are handed on.
    pub fn wait(&self) -> Result<Exit> {
        let (pid, pidfd) = (self.made.pid, self.made.pidfd.as_fd());
        if !self.state.foreground {
            return wait::reap(pidfd);
        }
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let (terminal, is_pid_1, has_init) = (self.terminal.as_ref(), wait::is_pid_1(&status), self.has_init);
        // A PID 1 that ends waits for all others; one of them in a v1 cgroup that somebody froze
        // would never die.
        let can_be_held_up =
            removal::cgroups_of(&self.locked.directory)?.iter().any(|cgroup| frozen::is_v1_freezer(cgroup));
        let let_it_end = || {
            if is_exiting(pid) {
                removal::thaw_cgroups(&self.locked.directory);
            }
        };
        let each_second = can_be_held_up.then_some(&let_it_end as &dyn Fn());
        Foreground { pidfd, pid, terminal, is_pid_1, has_init, each_second }.wait()
    }

    /// Leaves it to itself: it goes on, and other processes find it in the store.
    pub fn leave(self) -> String {
        self.state.id
    }

    /// Ends it if it still runs, and removes all that was made for it.
    pub fn remove(self) -> Result<()> {
        host::kill_and_reap(&self.made.pidfd, &self.locked.directory);
        removal::undo(&self.locked.directory, Damaged::PassOver)
    }
}

/// Starts a container that another process has created.
pub fn start(store: &Store, name: &str) -> Result<()> {
    let (directory, _) = store.find(name)?;
    let locked = store
        .try_lock(&directory)?
        .with_context(|| format!("container {name} is busy: another process is making, running or removing it"))?;
    let mut state = State::read(&directory)?.with_context(|| format!("container {name} is gone"))?;
    start_in(&locked, &mut state).with_context(|| format!("cannot start container {name}"))
}

fn start_in(locked: &Locked, state: &mut State) -> Result<()> {
    // Frozen, it couldn't come through the gate, and we would wait for it.
    removal::cgroups_of(&locked.directory)?.iter().try_for_each(|cgroup| frozen::refuse(cgroup))?;
    let process = Target::process(state.pid).ok();
    host::start(&locked.directory, process.as_ref(), || {
        state.status = Status::Running;
        state.write(&locked.directory)
    })
}
