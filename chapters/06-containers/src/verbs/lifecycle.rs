//! Verbs that change a container's state.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, say};
use clap::Args;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::attach::converse;
use super::{each, signal_number};
use crate::client::End;
use crate::engine::Engine;
use crate::record::{Record, Restart as Policy, Status};

/// Start containers that were made, or have ended.
#[derive(Args)]
pub struct Start {
    /// Attach to its output, and end with its exit status.
    #[arg(short, long)]
    attach: bool,
    /// Give it our input.
    #[arg(short, long)]
    interactive: bool,
    /// Start what has to run again after a reboot: containers with a policy of always or
    /// unless-stopped.
    #[arg(long, conflicts_with = "containers")]
    restart_policy: bool,
    /// Names, ids, or beginnings of ids.
    #[arg(required_unless_present = "restart_policy")]
    containers: Vec<String>,
}

impl Start {
    /// Starts them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        if self.restart_policy {
            let due = due_after_a_reboot(&engine)?;
            return each(&due, |name| engine.start(name));
        }
        if self.attach || self.interactive {
            return start_attached(&engine, &self.containers[0], self.interactive);
        }
        each(&self.containers, |name| {
            engine.start(name)?;
            say!("{name}");
            Ok(())
        })
    }
}

/// What has to run and doesn't.
pub fn due_after_a_reboot(engine: &Engine) -> Result<Vec<String>> {
    let is_due = |record: &Record| {
        let policy = match record.host.restart {
            Policy::Always => true,
            Policy::UnlessStopped => !record.state.was_stopped,
            Policy::No | Policy::OnFailure(_) => false,
        };
        policy && record.state.status == Status::Exited
    };
    Ok(engine.records().all()?.iter().filter(|record| is_due(record)).map(|record| record.id.clone()).collect())
}

fn start_attached(engine: &Engine, name: &str, interactive: bool) -> Result<u8> {
    let record = engine.records().find(name)?;
    let stdin = interactive && record.config.open_stdin;
    let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets")?;
    let gate = engine.prepare_start(name)?;
    engine.attach(&record, theirs.into(), stdin, true, true)?;
    gate.map_or(Ok(()), crate::shim::Handle::open_gate)?;
    let record = engine.records().find(&record.id).unwrap_or(record);
    let waiting = engine.wait(&record)?;
    match converse(engine, &record, ours, stdin, true)? {
        End::Detached => Ok(0),
        End::Closed => engine.waited(waiting.as_ref(), &record.id),
    }
}

/// End containers: first by a signal, then by force.
#[derive(Args)]
pub struct Stop {
    /// Seconds after which it is killed; -1 for never [default: the container's, which is 10 unless it
    /// says otherwise]
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_hyphen_values = true)]
    time: Option<i64>,
    /// The signal [default: the container's, which is SIGTERM unless it says otherwise]
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<String>,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Stop {
    /// Stops them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        each(&self.containers, |name| {
            stop(&engine, name, self.time, self.signal.as_deref())?;
            say!("{name}");
            Ok(())
        })
    }
}

// ANCHOR: stop
/// Asks a container to end, and kills it when it doesn't. (A PID 1 that has no handler for the
/// signal never sees it.)
pub fn stop(engine: &Engine, name: &str, seconds: Option<i64>, signal: Option<&str>) -> Result<()> {
    let record = engine.records().find(name)?;
    if !record.state.is_active() {
        return Ok(());
    }
    if record.state.status == Status::Paused {
        engine.pause(&record.id, false)?;
    }
    let own = if record.config.stop_signal.is_empty() { "SIGTERM" } else { &record.config.stop_signal };
    let waiting = engine.wait(&record)?;
    if let Err(error) = engine.kill(&record.id, signal_number(signal.unwrap_or(own))?, true) {
        // It may have ended this very moment, or been stopped by somebody else.
        engine.waited(waiting.as_ref(), &record.id)?;
        let is_there = engine.records().find(&record.id).is_ok_and(|record| record.state.is_active());
        return if is_there { Err(error) } else { Ok(()) };
    }
    let seconds = seconds.or(record.config.stop_timeout.map(i64::from)).unwrap_or(10);
    if let Some(link) = &waiting {
        let end = Instant::now() + Duration::from_secs(seconds.max(0) as u64);
        while seconds < 0 || Instant::now() < end {
            let mut ended = [PollFd::new(link.as_fd(), PollFlags::POLLIN)];
            let left = end.saturating_duration_since(Instant::now()).min(Duration::from_secs(30));
            let left = if seconds < 0 { PollTimeout::from(30_000u16) } else { PollTimeout::try_from(left)? };
            if poll(&mut ended, left).unwrap_or(0) > 0 {
                engine.waited(waiting.as_ref(), &record.id)?;
                return Ok(());
            }
        }
        // It may have ended this very moment.
        let _ = engine.kill(&record.id, 9, true);
    }
    engine.waited(waiting.as_ref(), &record.id).map(drop)
}
// ANCHOR_END: stop

/// Stop containers and start them again.
#[derive(Args)]
pub struct Restart {
    /// Seconds after which it is killed [default: the container's]
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_hyphen_values = true)]
    time: Option<i64>,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Restart {
    /// Restarts them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        each(&self.containers, |name| {
            stop(&engine, name, self.time, None)?;
            engine.start(name)?;
            say!("{name}");
            Ok(())
        })
    }
}

/// Send a signal to containers' first processes.
#[derive(Args)]
pub struct Kill {
    /// The signal, by name or number.
    #[arg(short, long, value_name = "SIGNAL", default_value = "SIGKILL")]
    signal: String,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Kill {
    /// Sends it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        let signal = signal_number(&self.signal)?;
        each(&self.containers, |name| {
            engine.kill(name, signal, signal == 9)?;
            say!("{name}");
            Ok(())
        })
    }
}

/// Wait until containers have ended, and print their exit statuses.
#[derive(Args)]
pub struct Wait {
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Wait {
    /// Waits.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        each(&self.containers, |name| {
            let record = engine.records().find(name)?;
            let waiting = engine.wait(&record)?;
            say!("{}", engine.waited(waiting.as_ref(), &record.id)?);
            Ok(())
        })
    }
}

/// Halt every process of containers.
#[derive(Args)]
pub struct Pause {
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// Let halted containers go on.
#[derive(Args)]
pub struct Unpause {
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Pause {
    /// Halts them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        set_paused(store, &self.containers, true)
    }
}

impl Unpause {
    /// Lets them go on.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        set_paused(store, &self.containers, false)
    }
}

fn set_paused(store: &StoreFlags, containers: &[String], paused: bool) -> Result<u8> {
    let engine = Engine::open(store)?;
    each(containers, |name| {
        engine.pause(name, paused)?;
        say!("{name}");
        Ok(())
    })
}

/// Give a container another name.
#[derive(Args)]
pub struct Rename {
    /// Its name, its id, or the beginning of its id.
    container: String,
    /// The new name.
    new_name: String,
}

impl Rename {
    /// Renames it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        Engine::open(store)?.rename(&self.container, &self.new_name).map(|()| 0)
    }
}

/// Remove containers, with their layers and logs.
#[derive(Args)]
pub struct Rm {
    /// End it first if it runs.
    #[arg(short, long)]
    force: bool,
    /// Remove the volumes that nobody named, too.
    #[arg(short, long)]
    volumes: bool,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Rm {
    /// Removes them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        each(&self.containers, |name| {
            engine.remove(name, self.force, self.volumes)?;
            say!("{name}");
            Ok(())
        })
    }
}

/// Remove all containers that have ended.
#[derive(Args)]
pub struct Prune {
    /// Don't ask.
    #[arg(short, long)]
    force: bool,
}

impl Prune {
    /// Removes them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let engine = Engine::open(store)?;
        if !self.force {
            anyhow::bail!("this removes all containers that don't run\ncure: if that is what you want, add --force");
        }
        let records = engine.records().all()?;
        let ended = records.iter().filter(|record| !record.state.is_active());
        for record in ended {
            engine.remove(&record.id, false, true)?;
            say!("{}", record.id);
        }
        Ok(0)
    }
}
