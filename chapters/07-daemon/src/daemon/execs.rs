//! Commands in containers. The API makes one in two steps, and the first is only a note; after the
//! second, the container's shim knows the command. Notes are on disk in the container's record, so
//! that a daemon after this one finds them; here is an index of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use anyhow::{Result, bail};
use ch01_namespaces::Failure;
use ch06_containers::engine::Local;
use ch06_containers::record::Records;
use ch06_containers::shim::ExecRequest;
use serde::{Deserialize, Serialize};

/// A command that a client has requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Which one of all.
    pub number: u64,
    /// The container's id.
    pub container: String,
    /// What to run.
    pub request: ExecRequest,
    /// Whether it was started, which is done once.
    pub is_started: bool,
    /// The exit status of one that couldn't be started.
    pub failed: Option<u8>,
}

/// At this number of notes, the oldest are forgotten: those that have ended, and those that nobody
/// has started. What runs is remembered, however old it is.
const MOST: usize = 2000;

/// All notes, by the command's id.
#[derive(Debug)]
pub struct Execs {
    records: Records,
    notes: Mutex<HashMap<String, Note>>,
    /// Those that are on their way to their shims.
    starting: Mutex<HashSet<String>>,
    /// Held by who makes room: one at a time is enough to wait for shims.
    making_room: Mutex<()>,
    next: AtomicU64,
}

impl Execs {
    /// Those that an earlier daemon has made.
    pub fn open(records: &Records) -> Result<Execs> {
        let mut notes = HashMap::new();
        for container in records.ids()? {
            for text in records.exec_notes(&container) {
                // A file that is damaged is nobody's note.
                let Ok(note) = serde_json::from_slice::<Note>(&text) else { continue };
                if note.container == container {
                    notes.insert(note.request.id.clone(), note);
                }
            }
        }
        let next = notes.values().map(|note| note.number + 1).max().unwrap_or_default();
        let (records, notes, starting) = (records.clone(), Mutex::new(notes), Mutex::default());
        Ok(Execs { records, notes, starting, making_room: Mutex::default(), next: next.into() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Note>> {
        self.notes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Makes a note.
    pub fn add(&self, container: String, request: ExecRequest) -> Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.keep(Note { number, container, request, is_started: false, failed: None })
    }

    /// The note of an id, or of an unambiguous beginning of one.
    pub fn find(&self, id: &str) -> Option<Note> {
        let notes = self.lock();
        let by_beginning = || notes.iter().find(|(known, _)| id.len() >= 12 && known.starts_with(id));
        notes.get(id).or_else(|| by_beginning().map(|(_, note)| note)).cloned()
    }

    /// Keeps what became of it, here and on disk.
    pub fn keep(&self, note: Note) -> Result<()> {
        let kept = Note { request: ExecRequest { early: Vec::new(), ..note.request }, ..note };
        self.records.note_exec(&kept.container, &kept.request.id, &serde_json::to_vec(&kept)?)?;
        self.lock().insert(kept.request.id.clone(), kept);
        Ok(())
    }

    /// Notes that a command is started. The second time it is refused.
    pub fn begin(&self, id: &str) -> Result<Note> {
        let begun = match self.lock().get_mut(id) {
            Some(note) if !note.is_started => {
                note.is_started = true;
                note.clone()
            }
            Some(_) => bail!(Failure::new(1, format!("exec {id} is already started"))),
            None => bail!(Failure::new(1, format!("No such exec instance: {id}"))),
        };
        self.starting().insert(begun.request.id.clone());
        self.keep(begun.clone()).inspect_err(|_| self.has_begun(&begun))?;
        Ok(begun)
    }

    /// The shim knows it now, or never will.
    pub fn has_begun(&self, note: &Note) {
        self.starting().remove(&note.request.id);
    }

    fn starting(&self) -> MutexGuard<'_, HashSet<String>> {
        self.starting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The exit status of a command that was started; `None` while it runs.
    pub fn exit_of(&self, engine: &Local, note: &Note) -> Option<u8> {
        let (container, exec) = (&note.container, &note.request.id);
        if note.failed.is_some() || self.starting().contains(exec) {
            return note.failed;
        }
        if let Some(code) = self.records.exec_exit(container, exec) {
            return Some(code);
        }
        match self.records.find(container).and_then(|record| engine.exec_state(&record, exec)) {
            Ok(state) => state.exit_code,
            // The container has ended, and the command with it: its shim has just written that down, or was
            // killed.
            Err(_) => Some(self.records.exec_exit(container, exec).unwrap_or(137)),
        }
    }

    /// Forgets some of the oldest, when there are as many as there may be.
    pub fn make_room(&self, engine: &Local) {
        let known: Vec<Note> = {
            let notes = self.lock();
            if notes.len() < MOST {
                return;
            }
            notes.values().cloned().collect()
        };
        // Each note may need an answer of a shim. The lock isn't held meanwhile: others look for theirs.
        let Ok(_alone) = self.making_room.try_lock() else { return };
        let runs = |note: &Note| self.exit_of(engine, note).is_none();
        for note in oldest(known, MOST / 10, runs) {
            let mut notes = self.lock();
            // It may have been started meanwhile.
            if notes.get(&note.request.id).is_some_and(|now| now.is_started == note.is_started) {
                notes.remove(&note.request.id);
                self.records.forget_exec(&note.container, &note.request.id);
            }
        }
    }
}

/// The oldest that don't run.
fn oldest(mut known: Vec<Note>, most: usize, runs: impl Fn(&Note) -> bool) -> Vec<Note> {
    known.sort_by_key(|note| note.number);
    known.into_iter().filter(|note| !note.is_started || !runs(note)).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_do_not_run_are_forgotten() {
        let note = |number: u64| Note {
            number,
            container: String::new(),
            request: ExecRequest { id: number.to_string(), ..ExecRequest::default() },
            is_started: number != 2,
            failed: None,
        };
        let known = [4, 1, 3, 0, 2].map(note).to_vec();
        let gone = |most| -> Vec<u64> {
            let runs = |note: &Note| [0, 3].contains(&note.number);
            oldest(known.clone(), most, runs).iter().map(|note| note.number).collect()
        };
        // 2 was never started, 0 and 3 run.
        assert_eq!(gone(2), [1, 2]);
        assert_eq!(gone(9), [1, 2, 4]);
    }
}
