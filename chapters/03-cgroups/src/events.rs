//! What has happened to a container because of its limits: the kernel's counters, which only grow.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::{Plan, Undo};
use serde::{Deserialize, Serialize};

use crate::cgroup::Cgroup;
use crate::controller::{Controller, Version};
use crate::{v1, v2};

/// Where the limit on memory was that couldn't be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// The container's own.
    Here,
    /// Of a cgroup inside of the container's.
    Below,
    /// Of a cgroup above, or the machine's memory itself.
    Above,
}

/// The counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// Processes that the kernel killed for want of memory: within its limit, or one above, or on the
    /// machine.
    pub oom_kills: u64,
    /// How often the memory limit was hit. (Mostly the kernel then takes back cache, and nobody is
    /// killed.)
    pub memory_limit_hits: u64,
    /// Forks and clones that the limit on processes refused.
    pub forks_refused: u64,
    /// Periods in which the quota of processor time was used up.
    pub throttled_periods: u64,
}

impl Events {
    /// Of a container.
    pub fn read(cgroup: &Cgroup) -> Events {
        let mut events = Events::default();
        if let Some(part) = cgroup.part(Controller::Memory) {
            match part.version {
                Version::V1 => v1::memory::read_events(&part.directory, &mut events),
                Version::V2 => v2::memory::read_events(&part.directory, &mut events),
            }
        }
        if let Some(part) = cgroup.part(Controller::Pids) {
            v2::pids::read_events(&part.directory, &mut events);
        }
        if let Some(part) = cgroup.part(Controller::Cpu) {
            let mut stats = crate::stats::Stats::default();
            match part.version {
                Version::V1 => v1::cpu::read_stats(&part.directory, &mut stats),
                Version::V2 => v2::cpu::read_stats(&part.directory, &mut stats),
            }
            events.throttled_periods = stats.cpu.throttled_periods;
        }
        events
    }

    /// Each counter with its name, as the JSON has it.
    pub fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("oom_kills", self.oom_kills),
            ("memory_limit_hits", self.memory_limit_hits),
            ("forks_refused", self.forks_refused),
            ("throttled_periods", self.throttled_periods),
        ]
    }
}

const FILE: &str = "last-events.json";

// ANCHOR: last
/// The counters go with their cgroup. So the last ones are kept in the container's state directory;
/// and as that goes too, whoever wants them opens the file beforehand: an open file can still be
/// read when it has no name any more.
#[derive(Debug)]
pub struct LastEvents(File);

impl LastEvents {
    /// Makes the file, empty.
    pub fn make(plan: &Plan) -> Result<()> {
        let file = plan.directory().join(FILE);
        plan.undo_later(Undo::RemoveFile(file.clone()))?;
        File::create(&file).map(drop).with_context(|| format!("cannot make {}", file.display()))
    }

    /// Opens it, while the container is there.
    pub fn open(directory: &Path) -> Result<LastEvents> {
        let file = directory.join(FILE);
        File::open(&file).map(LastEvents).with_context(|| format!("cannot open {}", file.display()))
    }

    /// What was kept, if anything was.
    pub fn read(&mut self) -> Option<Events> {
        let mut text = Vec::new();
        self.0.rewind().ok()?;
        self.0.read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl Events {
    /// Keeps them. Into the file that is there: another of the same name would not be the one that was
    /// opened.
    pub fn keep(&self, directory: &Path) -> Result<()> {
        let mut file = File::options().write(true).open(directory.join(FILE))?;
        Ok(file.write_all(&serde_json::to_vec(self)?)?)
    }
}
// ANCHOR_END: last

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_when_its_file_has_no_name_any_more() {
        let directory = std::env::temp_dir().join(format!("last-events-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        File::create(directory.join(FILE)).unwrap();
        let mut last = LastEvents::open(&directory).unwrap();
        assert_eq!(last.read(), None);
        let events = Events { oom_kills: 1, ..Events::default() };
        events.keep(&directory).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(last.read(), Some(events));
    }
}
