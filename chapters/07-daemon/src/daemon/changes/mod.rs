//! What changes on disk, by any process: shims write records, and so does the command line
//! beside us. Whatever leaves no trace there, the request's handler tells.

mod containers;
mod networks;
mod source;
mod volumes;
mod watcher;

pub use containers::about;
pub use source::Source;

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Result;
use ch06_containers::engine::Local;
use ch06_containers::{nanoseconds_of, now};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::{broadcast, watch};

use watcher::Watcher;

/// What something is that changed, by Docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A container, or a command in one.
    Container,
    /// An image.
    Image,
    /// A network.
    Network,
    /// A volume.
    Volume,
}

impl Kind {
    /// Docker's word.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Container => "container",
            Kind::Image => "image",
            Kind::Network => "network",
            Kind::Volume => "volume",
        }
    }
}

/// Something changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What.
    pub kind: Kind,
    /// What happened, by Docker's words: create, start, `exec_create: ls`.
    pub action: String,
    /// Its id; a volume's name.
    pub id: String,
    /// Its name, its labels, and what belongs to the action.
    pub attributes: BTreeMap<String, String>,
    /// When: nanoseconds since 1970.
    pub nanoseconds: i64,
}

impl Change {
    /// One that happens now.
    pub fn new(kind: Kind, action: impl Into<String>, id: &str) -> Change {
        let nanoseconds = nanoseconds_of(&now());
        Change { kind, action: action.into(), id: id.into(), attributes: BTreeMap::new(), nanoseconds }
    }

    /// Those of a kind that nobody needed were removed.
    pub fn pruned(kind: Kind) -> Change {
        Change::new(kind, "prune", "").with("reclaimed", 0)
    }

    /// With an attribute.
    pub fn with(mut self, name: &str, value: impl ToString) -> Change {
        self.attributes.insert(name.into(), value.to_string());
        self
    }

    /// With labels: an attribute of the same name stands over one.
    pub fn with_labels(mut self, labels: &BTreeMap<String, String>) -> Change {
        for (name, value) in labels {
            self.attributes.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }

    /// One that happened at another time, which something on disk still tells. None if it tells no
    /// time.
    pub fn at(mut self, time: &str) -> Option<Change> {
        self.nanoseconds = nanoseconds_of(time);
        (self.nanoseconds > 0).then_some(self)
    }
}

/// How many of the newest changes are kept for clients that ask for the past, as Docker keeps. A
/// daemon that starts knows those that are still to be seen on disk: lives that are over, but not
/// what was removed.
const KEPT: usize = 256;

/// Where changes are told.
struct News {
    past: VecDeque<Arc<Change>>,
    events: broadcast::Sender<Arc<Change>>,
}

impl News {
    fn new(mut past: Vec<Change>) -> News {
        past.sort_by_key(|change| change.nanoseconds);
        let older = past.len().saturating_sub(KEPT);
        let past = past.into_iter().skip(older).map(Arc::new).collect();
        News { past, events: broadcast::channel(1024).0 }
    }

    fn publish(&mut self, change: Change) {
        let change = Arc::new(change);
        self.past.push_back(Arc::clone(&change));
        if self.past.len() > KEPT {
            self.past.pop_front();
        }
        // Nobody may listen.
        let _ = self.events.send(change);
    }
}

/// The changes, for who wants to hear of them.
#[derive(Clone)]
pub struct Changes {
    /// Counts up with each change of a container: for who waits until something is true.
    pub count: watch::Receiver<u64>,
    watcher: Arc<Mutex<Watcher>>,
}

impl Changes {
    /// Begins to watch.
    pub fn watch(engine: &Local, sources: Vec<Box<dyn Source>>) -> Result<Changes> {
        let (counter, count) = watch::channel(0);
        let watcher = Watcher::new(engine, sources, counter)?;
        let notify = watcher.notify();
        let changes = Changes { count, watcher: Arc::new(Mutex::new(watcher)) };
        let again = changes.clone();
        thread::spawn(move || {
            loop {
                match poll(&mut [PollFd::new(notify.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) {
                    Ok(_) => drop(again.up_to_date()),
                    Err(Errno::EINTR) => {}
                    Err(_) => return,
                }
            }
        });
        Ok(changes)
    }

    /// The watcher, which has seen everything that is on disk by now.
    fn up_to_date(&self) -> MutexGuard<'_, Watcher> {
        let mut watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        watcher.take_events();
        watcher
    }

    // ANCHOR: tell
    /// Publishes something that leaves no trace on disk: a signal, a client that attaches. What is on
    /// disk by now goes first, so that the order is right. Reads files: not for an async function.
    pub fn tell(&self, change: Change) {
        self.up_to_date().news.publish(change);
    }
    // ANCHOR_END: tell

    /// Watches for the ends of commands in a container. Reads files, as [`Changes::tell`].
    pub fn watch_execs(&self, container: &str) {
        self.up_to_date().watch_execs(container);
    }

    /// The newest of those that were, and those that come. Reads files, as [`Changes::tell`].
    pub fn listen(&self) -> (Vec<Arc<Change>>, broadcast::Receiver<Arc<Change>>) {
        // Under the lock: a change is either in the one or in the other.
        let watcher = self.up_to_date();
        (watcher.news.past.iter().cloned().collect(), watcher.news.events.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanoseconds: i64) -> Change {
        Change { nanoseconds, ..Change::new(Kind::Container, "start", "") }
    }

    #[test]
    fn the_newest_changes_are_kept_and_no_others() {
        let mut news = News::new(vec![at(7), at(3)]);
        let mut told = news.events.subscribe();
        (10..300).for_each(|nanoseconds| news.publish(at(nanoseconds)));
        assert_eq!((news.past.len(), news.past[0].nanoseconds, news.past[KEPT - 1].nanoseconds), (KEPT, 44, 299));
        assert_eq!(told.try_recv().unwrap().nanoseconds, 10);
        let news = News::new((0..300).rev().map(at).collect());
        assert_eq!((news.past.len(), news.past[0].nanoseconds, news.past[KEPT - 1].nanoseconds), (KEPT, 44, 299));
    }
}
