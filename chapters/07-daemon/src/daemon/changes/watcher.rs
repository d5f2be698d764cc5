//! inotify(7): which directory is about what.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use ch01_namespaces::is_id;
use ch05_network::network::Networks;
use ch06_containers::engine::Local;
use ch06_containers::record::{Record, Records, removed_container};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::sync::watch;

use super::networks::{self, KnownNetworks};
use super::source::Source;
use super::volumes::KnownVolumes;
use super::{Change, News, containers};

/// What a directory is about that is watched.
#[derive(Clone)]
enum Place {
    Records,
    Record(String),
    Execs(String),
    Networks,
    Leases,
    LeasesOf(String),
    Volumes,
    Volume(String),
    Source(usize),
}

/// What is known, and what is watched.
pub(super) struct Watcher {
    pub news: News,
    notify: Arc<Inotify>,
    places: HashMap<WatchDescriptor, Place>,
    records: Records,
    known: HashMap<String, Arc<Record>>,
    networks: KnownNetworks,
    volumes: KnownVolumes,
    sources: Vec<Box<dyn Source>>,
    counter: watch::Sender<u64>,
}

/// Made by mkdir(2), or complete by rename(2).
const COMES: AddWatchFlags = AddWatchFlags::IN_CREATE.union(AddWatchFlags::IN_MOVED_TO);

const GOES: AddWatchFlags = AddWatchFlags::IN_DELETE;

impl Watcher {
    pub fn new(engine: &Local, sources: Vec<Box<dyn Source>>, counter: watch::Sender<u64>) -> Result<Watcher> {
        let notify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).context("inotify")?;
        let mut watcher = Watcher {
            news: News::new(Vec::new()),
            notify: Arc::new(notify),
            places: HashMap::new(),
            records: engine.records().clone(),
            known: HashMap::new(),
            networks: KnownNetworks::new(Networks::open(engine.flags())?),
            volumes: KnownVolumes::new(engine.volumes().clone()),
            sources,
            counter,
        };
        watcher.watch_all()?;
        let past = watcher.look_at_the_past();
        watcher.news = News::new(past);
        Ok(watcher)
    }

    pub fn notify(&self) -> Arc<Inotify> {
        Arc::clone(&self.notify)
    }

    // ANCHOR: watch
    /// Watches the directories of records, networks, leases and volumes with inotify(7). A file that is
    /// replaced by rename(2) is one event.
    fn watch_all(&mut self) -> Result<()> {
        let (records, networks) = (self.records.clone(), self.networks.networks.clone());
        let volumes = self.volumes.volumes.clone();
        self.watch(records.as_ref(), COMES | GOES, Place::Records)?;
        self.watch(networks.definitions(), AddWatchFlags::IN_MOVED_TO | GOES, Place::Networks)?;
        self.watch(&networks.leases_root(), AddWatchFlags::IN_CREATE, Place::Leases)?;
        self.watch(volumes.directory(), COMES | GOES, Place::Volumes)?;
        for index in 0..self.sources.len() {
            let file = self.sources[index].file();
            let directory = file.parent().context("a file without a directory")?;
            self.watch(directory, AddWatchFlags::IN_MOVED_TO, Place::Source(index))?;
        }
        Ok(())
    }
    // ANCHOR_END: watch

    fn watch(&mut self, directory: &Path, flags: AddWatchFlags, place: Place) -> Result<()> {
        let watch = self.notify.add_watch(directory, flags);
        let watch = watch.with_context(|| format!("cannot watch {}", directory.display()))?;
        self.places.insert(watch, place);
        Ok(())
    }

    /// What is there when a daemon starts, and tells of its past.
    fn look_at_the_past(&mut self) -> Vec<Change> {
        let mut past = Vec::new();
        for id in self.records.ids().unwrap_or_default() {
            self.watch_record(&id);
            self.watch_execs(&id);
            if let Some(record) = self.read(&id) {
                past.extend(containers::past(&record));
                self.known.insert(id, record);
            }
        }
        for name in self.networks.names() {
            let made = self.networks.look_at(&name);
            past.extend(made.and_then(|change| self.networks.made(change)));
        }
        for network in self.networks.leased() {
            self.watch_leases(&network);
        }
        for name in self.volumes.names() {
            let made = self.volumes.look_at(&name);
            past.extend(made.and_then(|change| self.volumes.made(change)));
        }
        past.extend(self.sources.iter_mut().flat_map(|source| source.past()));
        past
    }

    /// All that has come by now.
    pub fn take_events(&mut self) {
        while let Ok(events) = self.notify.read_events() {
            for event in events {
                self.take(event);
            }
        }
    }

    fn take(&mut self, event: InotifyEvent) {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            return self.look_at_everything();
        }
        let comes = event.mask.intersects(COMES);
        let name = event.name.and_then(|name: OsString| name.into_string().ok());
        let (Some(place), Some(name)) = (self.places.get(&event.wd).cloned(), name) else {
            if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                self.places.remove(&event.wd);
            }
            return;
        };
        match place {
            Place::Records => self.take_record(&name, comes),
            Place::Record(id) if name == "config.json" => self.look_at_record(&id),
            Place::Execs(id) => self.take_exec(&id, &name),
            Place::Networks => {
                let change = networks::name_of(&name).and_then(|name| self.networks.look_at(name));
                self.publish(change);
            }
            Place::Leases => {
                let changes = self.watch_leases(&name);
                self.publish(changes);
            }
            Place::LeasesOf(network) => {
                let change = self.networks.lease(&network, &name, comes);
                self.publish(change);
            }
            Place::Volumes => self.look_at_volume(&name, comes),
            Place::Volume(volume) => self.look_at_volume(&volume, false),
            Place::Source(index) if self.sources[index].file().file_name().is_some_and(|file| *file == *name) => {
                let changes = self.sources[index].changes();
                self.publish(changes);
            }
            Place::Record(_) | Place::Source(_) => {}
        }
    }

    fn publish(&mut self, changes: impl IntoIterator<Item = Change>) {
        changes.into_iter().for_each(|change| self.news.publish(change));
    }

    /// The kernel had more events than its queue holds: what they were can be seen all the same.
    fn look_at_everything(&mut self) {
        let there = self.records.ids().unwrap_or_default();
        let gone: Vec<String> = self.known.keys().filter(|id| !there.contains(id)).cloned().collect();
        gone.iter().for_each(|id| self.gone(id, None));
        there.iter().for_each(|id| self.take_record(id, true));
        for name in self.networks.names() {
            let change = self.networks.look_at(&name);
            self.publish(change);
        }
        for network in self.networks.leased() {
            let changes = self.watch_leases(&network);
            self.publish(changes);
        }
        self.volumes.names().iter().for_each(|name| self.look_at_volume(name, false));
        let changes: Vec<Change> = self.sources.iter_mut().flat_map(|source| source.changes()).collect();
        self.publish(changes);
    }

    /// A directory came to the records, or went from them.
    fn take_record(&mut self, name: &str, comes: bool) {
        match removed_container(name) {
            // A removal begins by giving the directory another name.
            Some((id, code)) if comes => self.gone(id, code),
            None if is_id(name) && comes => {
                self.watch_record(name);
                // It may have been written before we watched.
                self.look_at_record(name);
            }
            None if is_id(name) => self.gone(name, None),
            _ => {}
        }
    }

    fn watch_record(&mut self, id: &str) {
        let _ = self.watch(&self.records.directory(id), AddWatchFlags::IN_MOVED_TO, Place::Record(id.into()));
    }

    fn read(&self, id: &str) -> Option<Arc<Record>> {
        self.records.read(id).ok().flatten().map(Arc::new)
    }

    fn look_at_record(&mut self, id: &str) {
        if let Some(record) = self.read(id) {
            let before = self.known.insert(id.into(), Arc::clone(&record));
            let changes = containers::between(before.as_deref(), &record, &self.volumes.volumes);
            self.publish(changes);
        }
        self.counter.send_modify(|count| *count += 1);
    }

    fn gone(&mut self, id: &str, code: Option<u8>) {
        self.places.retain(|_, place| !matches!(place, Place::Record(known) | Place::Execs(known) if known == id));
        if let Some(record) = self.known.remove(id) {
            let changes = containers::gone(&record, code, &self.volumes.volumes);
            self.publish(changes);
        }
        self.counter.send_modify(|count| *count += 1);
    }

    /// Watches for the exit statuses of a container's commands. There are none before a client has
    /// made a command.
    pub fn watch_execs(&mut self, id: &str) {
        let _ = self.watch(&self.records.execs(id), AddWatchFlags::IN_CLOSE_WRITE, Place::Execs(id.into()));
    }

    fn take_exec(&mut self, id: &str, file: &str) {
        let Some(exec) = file.strip_suffix(".exit") else { return };
        if let (Some(record), Some(code)) = (self.known.get(id), self.records.exec_exit(id, exec)) {
            let change = containers::about(record, "exec_die").with("execID", exec).with("exitCode", code);
            self.publish([change]);
        }
    }

    /// Watches a network's leases; those that are new.
    fn watch_leases(&mut self, network: &str) -> Vec<Change> {
        let directory = self.networks.networks.leases(network);
        let _ = self.watch(&directory, AddWatchFlags::IN_CREATE | GOES, Place::LeasesOf(network.into()));
        let containers = self.networks.containers(network);
        let look = |container: String| {
            let is_there = directory.join(&container).exists();
            self.networks.lease(network, &container, is_there)
        };
        containers.into_iter().filter_map(look).collect()
    }

    /// A volume's description is written after its directory is made.
    fn look_at_volume(&mut self, name: &str, comes: bool) {
        if comes {
            let directory = self.volumes.volumes.directory().join(name);
            let _ = self.watch(&directory, AddWatchFlags::IN_CLOSE_WRITE, Place::Volume(name.into()));
        }
        let change = self.volumes.look_at(name);
        self.publish(change);
    }
}
