//! What happens to volumes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use ch06_containers::{Volume, Volumes};

use super::{Change, Kind};

/// What is known of them.
pub(super) struct KnownVolumes {
    pub volumes: Volumes,
    all: BTreeMap<String, Volume>,
}

impl KnownVolumes {
    pub fn new(volumes: Volumes) -> KnownVolumes {
        KnownVolumes { volumes, all: BTreeMap::new() }
    }

    /// All names, those that are only known among them.
    pub fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.volumes.directory()).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).chain(self.all.keys().cloned()).collect()
    }

    /// Looks at one. A volume is there when its description is written, and until its directory goes.
    pub fn look_at(&mut self, name: &str) -> Option<Change> {
        match self.volumes.find(name).ok()? {
            None => self.all.remove(name).map(|volume| about(&volume, "destroy")),
            Some(volume) if volume.created.is_empty() => None,
            Some(volume) => {
                let known = self.all.insert(name.into(), volume.clone());
                known.is_none().then(|| about(&volume, "create"))
            }
        }
    }

    /// When it was made.
    pub fn made(&self, change: Change) -> Option<Change> {
        let created = self.all.get(&change.id)?.created.clone();
        change.at(&created)
    }
}

fn about(volume: &Volume, action: &str) -> Change {
    Change::new(Kind::Volume, action, &volume.name).with("driver", "local").with_labels(&volume.labels)
}
