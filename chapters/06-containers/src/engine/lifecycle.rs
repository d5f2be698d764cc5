//! Starting, stopping, removing.

use std::os::fd::OwnedFd;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Failure, StoreFlags};
use ch03_cgroups::cgroup::Cgroup;
use ch04_unionfs::LayerStore;
use nix::sys::signal::Signal;

use super::Local;
use crate::record::{Record, Records, Restart, Status};
use crate::shim::{self, Handle, Reply, Request};
use crate::volumes::Volumes;

impl Local {
    /// Makes a life of a container, up to its start gate; clients attach before [`Handle::open_gate`].
    /// `None` when it runs already.
    pub fn prepare_start(&self, name: &str) -> Result<Option<Handle>> {
        let id = self.records.find_id(name)?;
        // Two that start it at once would make two lives of it.
        let alone = self.records.lock_one(&id)?;
        let record = self.records.find(&id)?;
        match record.state.status {
            Status::Running | Status::Restarting => return Ok(None),
            Status::Paused => bail!(Failure::new(1, "cannot start a paused container, try unpause instead")),
            Status::Created | Status::Exited | Status::Dead => {}
        }
        self.clean_up_after_a_crash(&record)?;
        self.records.update(&record.id, |record| record.state.restart_count = 0)?;
        let handle =
            shim::start(&self.flags, &record.id).inspect_err(|error| self.note_failed_start(&record, error))?;
        Ok(Some(handle.holding(alone)))
    }

    /// Starts a container.
    pub fn start(&self, name: &str) -> Result<()> {
        self.prepare_start(name)?.map_or(Ok(()), Handle::open_gate)
    }

    /// What has to run and doesn't.
    pub fn due_after_a_reboot(&self) -> Result<Vec<String>> {
        let is_due = |record: &Record| {
            let policy = match record.host.restart {
                Restart::Always => true,
                Restart::UnlessStopped => !record.state.was_stopped,
                Restart::No | Restart::OnFailure(_) => false,
            };
            policy && record.state.status == Status::Exited
        };
        Ok(self.records.all()?.iter().filter(|record| is_due(record)).map(|record| record.id.clone()).collect())
    }

    fn note_failed_start(&self, record: &Record, error: &anyhow::Error) {
        let failure = Failure::from_error(error);
        let _ = self.records.update(&record.id, |record| {
            record.state.error = failure.to_string();
            record.state.exit_code = failure.exit_code;
        });
    }

    /// What a killed shim has left of its life.
    fn clean_up_after_a_crash(&self, record: &Record) -> Result<()> {
        let store = self.flags.open()?;
        if store.root().join(&record.id).is_dir() {
            ch01_namespaces::remove(&store, &record.id, true)?;
        }
        if self.records.read(&record.id)?.is_some_and(|record| record.state.corrected().is_some()) {
            // Once more under the lock, under which no shim writes down an end.
            self.records.update(&record.id, |record| {
                if let Some(state) = record.state.corrected() {
                    record.state = state;
                }
            })?;
        }
        Ok(())
    }

    /// Sends a signal to a container's first process.
    pub fn kill(&self, name: &str, signal: i32, is_stop: bool) -> Result<()> {
        let record = self.records.find(name)?;
        if !record.state.is_active() {
            bail!(Failure::new(1, format!("Container {} is not running", record.name)));
        }
        self.ask(&record, &Request::Signal { signal, is_stop }, Vec::new())?;
        self.listener.hears(&record, signal);
        Ok(())
    }

    /// Asks a container's shim.
    pub fn ask(&self, record: &Record, request: &Request, fds: Vec<OwnedFd>) -> Result<Reply> {
        let link = shim::connect(self.flags.state_root(), &record.id)?;
        shim::ask_over(&link, request, fds)
    }

    /// Halts a container, or lets it go on.
    pub fn pause(&self, name: &str, is_pause: bool) -> Result<()> {
        let record = self.records.find(name)?;
        let (wanted, not) = if is_pause { (Status::Running, "running") } else { (Status::Paused, "paused") };
        if record.state.status != wanted {
            bail!(Failure::new(1, format!("Container {} is not {not}", record.name)));
        }
        let cgroup = Cgroup::read(&self.flags.state_root().join(&record.id))?.context(
            "this container has no cgroup of its own, and so can't be halted\ncause: an ordinary user may make none here\n\
             cure: systemd-run --user --scope -p Delegate=yes in front of run; see book, 3.10 Limits without root",
        )?;
        ch03_cgroups::freeze(&cgroup, is_pause)?;
        let status = if is_pause { Status::Paused } else { Status::Running };
        self.records.update(&record.id, |record| record.state.status = status).map(drop)
    }

    /// Gives a container another name.
    pub fn rename(&self, name: &str, new: &str) -> Result<()> {
        let id = self.records.find_id(name)?;
        self.records.rename(&id, new)
    }

    /// Removes a container that has ended; with `force` also one that runs.
    pub fn remove(&self, name: &str, force: bool, with_volumes: bool) -> Result<()> {
        let id = self.records.find_id(name)?;
        let record = match self.records.read(&id) {
            Ok(Some(_)) => self.records.find(&id)?,
            Ok(None) => return Ok(()),
            // A damaged one is removed by force, with what there is of it.
            Err(error) if !force => return Err(error),
            Err(_) => return self.remove_damaged(&id),
        };
        if record.state.is_active() {
            if !force {
                bail!(Failure::new(
                    1,
                    format!(
                        "cannot remove container \"{}\": container is {}: stop the container before removing or force \
                         remove",
                        record.name, record.state.status
                    )
                ));
            }
            self.end(&record)?;
        }
        let alone = self.records.lock_one(&id)?;
        if alone.is_none() || self.records.read(&id)?.is_none() {
            // Its shim has removed it, or somebody else.
            return Ok(());
        }
        let store = self.flags.open()?;
        if store.root().join(&id).is_dir() {
            ch01_namespaces::remove(&store, &id, true)?;
        }
        remove_record(&self.flags, &self.records, &record, with_volumes)
    }

    /// Removes all that don't run.
    pub fn prune(&self) -> Result<Vec<String>> {
        self.prune_chosen(|_| true)
    }

    /// Removes those that don't run and are chosen.
    pub fn prune_chosen(&self, is_chosen: impl Fn(&Record) -> bool) -> Result<Vec<String>> {
        let mut gone = Vec::new();
        for record in self.records.all()?.iter().filter(|record| !record.state.is_active() && is_chosen(record)) {
            self.remove(&record.id, false, true)?;
            gone.push(record.id.clone());
        }
        Ok(gone)
    }

    /// Kills it, and waits until its shim has put it down.
    fn end(&self, record: &Record) -> Result<()> {
        let link = match shim::connect(self.flags.state_root(), &record.id) {
            Err(error) if shim::is_silent(&error) => return Err(error),
            Err(_) => return Ok(()),
            Ok(link) => link,
        };
        if record.state.status == Status::Paused {
            // A frozen process dies of SIGKILL only when it is thawed.
            let _ = self.pause(&record.id, false);
        }
        let signal = Request::Signal { signal: Signal::SIGKILL as i32, is_stop: true };
        // Either may fail: then it has ended this very moment, and is about to say so on disk.
        match shim::ask_over(&link, &signal, Vec::new()) {
            Ok(_) => self.listener.hears(record, Signal::SIGKILL as i32),
            Err(error) if shim::is_silent(&error) => return Err(error),
            Err(_) => {}
        }
        if shim::ask_over(&link, &Request::Wait, Vec::new()).is_err() {
            self.waited(None, &record.id)?;
        }
        Ok(())
    }

    fn remove_damaged(&self, id: &str) -> Result<()> {
        let store = self.flags.open()?;
        if store.root().join(id).is_dir() {
            ch01_namespaces::remove(&store, id, true)?;
        }
        LayerStore::open(&self.flags, None)?.remove_container(id)?;
        self.records.remove(id)
    }
}

/// Removes a record, its layer, its log, and volumes that nobody named.
pub fn remove_record(flags: &StoreFlags, records: &Records, record: &Record, with_volumes: bool) -> Result<()> {
    if record.layer.is_some() {
        let driver = crate::shim::flags_of(record).ok().and_then(|wishes| wishes.driver());
        LayerStore::open(flags, driver)?.remove_container(&record.id)?;
    }
    if with_volumes {
        let volumes = Volumes::open(flags)?;
        for name in &record.host.anonymous_volumes {
            let used = records.all()?.iter().any(|other| other.id != record.id && other.host.volumes.contains(name));
            if !used {
                let _ = volumes.remove(name);
            }
        }
    }
    // A killed shim has left its socket.
    let _ = std::fs::remove_file(shim::socket_path(flags.state_root(), &record.id));
    records.remove(&record.id)
}
