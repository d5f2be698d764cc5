//! What changes on disk, whoever changes it: shims write records, and so does the command line
//! beside us.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result};
use ch01_namespaces::is_id;
use ch06_containers::record::{Record, Status};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tokio::sync::{broadcast, watch};

/// A container changed.
#[derive(Debug, Clone)]
pub struct Change {
    /// What happened, by Docker's words: create, start, die, destroy, pause, unpause, rename.
    pub action: &'static str,
    /// As it is now, or was before it went.
    pub about: Arc<About>,
    /// When: nanoseconds since 1970.
    pub nanoseconds: i64,
}

/// The news of a container that changed.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its image, as it was asked for.
    pub image: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How it ended.
    pub exit_code: u8,
}

impl About {
    fn from_record(record: &Record) -> About {
        let Record { id, name, image, .. } = record.clone();
        About { id, name, image, labels: record.config.labels.clone(), exit_code: record.state.exit_code }
    }
}

/// How many of the newest changes are kept for clients that ask for the past, as Docker keeps. A
/// daemon that starts knows none.
const KEPT: usize = 256;

/// Where changes are told.
struct News {
    past: Mutex<VecDeque<Change>>,
    events: broadcast::Sender<Change>,
}

impl News {
    fn publish(&self, change: Change) {
        let mut past = self.past.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        past.push_back(change.clone());
        if past.len() > KEPT {
            past.pop_front();
        }
        // Under the lock: who listens from now on has either the one or the other. Nobody may listen.
        let _ = self.events.send(change);
    }
}

/// The changes, for who wants to hear of them.
#[derive(Clone)]
pub struct Changes {
    /// Counts up with each change: for who waits until something is true.
    pub count: watch::Receiver<u64>,
    news: Arc<News>,
}

impl Changes {
    // ANCHOR: watch
    /// Watches the directory of records with inotify(7): each record is replaced by rename(2), which is
    /// one event.
    pub fn watch(directory: &Path) -> Result<Changes> {
        let (counter, count) = watch::channel(0);
        let (events, _) = broadcast::channel(1024);
        let news = Arc::new(News { past: Mutex::default(), events });
        let notify = Inotify::init(InitFlags::IN_CLOEXEC).context("inotify")?;
        let watcher = Watcher {
            directory: directory.into(),
            notify,
            known: HashMap::new(),
            watched: HashMap::new(),
            counter,
            news: Arc::clone(&news),
        };
        let top = watcher.notify.add_watch(directory, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | LEAVES);
        top.with_context(|| format!("cannot watch {}", directory.display()))?;
        thread::spawn(move || watcher.run());
        Ok(Changes { count, news })
    }
    // ANCHOR_END: watch

    /// The newest of those that were, and those that come.
    pub fn listen(&self) -> (Vec<Change>, broadcast::Receiver<Change>) {
        let past = self.news.past.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        (past.iter().cloned().collect(), self.news.events.subscribe())
    }
}

/// A record that is removed is renamed first.
const LEAVES: AddWatchFlags = AddWatchFlags::IN_DELETE.union(AddWatchFlags::IN_MOVED_FROM);

struct Watcher {
    directory: PathBuf,
    notify: Inotify,
    known: HashMap<String, Arc<Record>>,
    watched: HashMap<WatchDescriptor, String>,
    counter: watch::Sender<u64>,
    news: Arc<News>,
}

impl Watcher {
    fn run(mut self) {
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            if let Ok(id) = entry.file_name().into_string() {
                self.add(&id, false);
            }
        }
        while let Ok(events) = self.notify.read_events() {
            for event in events {
                let name = event.name.and_then(|name| name.into_string().ok());
                match (self.watched.get(&event.wd).cloned(), name) {
                    (Some(id), Some(name)) if name == "config.json" => self.read_record(&id),
                    (None, Some(id)) if event.mask.intersects(LEAVES) => self.gone(&id),
                    (None, Some(id)) => self.add(&id, true),
                    _ => {}
                }
            }
            self.counter.send_modify(|count| *count += 1);
        }
    }

    fn add(&mut self, id: &str, is_new: bool) {
        if !is_id(id) {
            return;
        }
        let flags = AddWatchFlags::IN_MOVED_TO;
        if let Ok(watch) = self.notify.add_watch(&self.directory.join(id), flags) {
            self.watched.insert(watch, id.into());
        }
        if is_new {
            // It may have been written before we watched.
            self.read_record(id);
        } else if let Some(record) = self.read(id) {
            self.known.insert(id.into(), record);
        }
    }

    fn read(&self, id: &str) -> Option<Arc<Record>> {
        let text = std::fs::read(self.directory.join(id).join("config.json")).ok()?;
        serde_json::from_slice(&text).ok().map(Arc::new)
    }

    fn read_record(&mut self, id: &str) {
        let Some(record) = self.read(id) else { return };
        let before = self.known.insert(id.into(), Arc::clone(&record));
        for action in actions(before.as_deref(), &record) {
            self.announce(action, &record);
        }
    }

    fn gone(&mut self, id: &str) {
        self.watched.retain(|_, known| known != id);
        if let Some(record) = self.known.remove(id) {
            self.announce("destroy", &record);
        }
    }

    fn announce(&self, action: &'static str, record: &Record) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        self.news.publish(Change {
            action,
            about: Arc::new(About::from_record(record)),
            nanoseconds: now.as_nanos() as i64,
        });
    }
}

/// What happened between two records.
fn actions(before: Option<&Record>, now: &Record) -> Vec<&'static str> {
    let Some(before) = before else { return vec!["create"] };
    let mut actions = Vec::new();
    if before.name != now.name {
        actions.push("rename");
    }
    let (was, is) = (before.state.status, now.state.status);
    let runs = |status| matches!(status, Status::Running | Status::Paused);
    match (runs(was), runs(is)) {
        (false, true) => actions.push("start"),
        (true, false) => actions.push("die"),
        (true, true) if was != is => actions.push(if is == Status::Paused { "pause" } else { "unpause" }),
        (true, true) if before.state.started_at != now.state.started_at => actions.extend(["die", "start"]),
        _ => {}
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_changes_are_kept_and_no_others() {
        let (events, mut told) = broadcast::channel(1024);
        let news = News { past: Mutex::default(), events };
        for nanoseconds in 0..300 {
            news.publish(Change { action: "start", about: Arc::default(), nanoseconds });
        }
        let past = news.past.lock().unwrap();
        assert_eq!((past.len(), past[0].nanoseconds, past[KEPT - 1].nanoseconds), (KEPT, 44, 299));
        assert_eq!(told.try_recv().unwrap().nanoseconds, 0);
    }
}
