//! What killed commands have left: files that neither the index nor a container knows.

use std::collections::BTreeSet;
use std::fs::{self, File};

use anyhow::{Context, Result};
use ch01_namespaces::{Elsewhere, remove_tree, report, work_in};
use serde::{Serialize, de::DeserializeOwned};

use super::{LayerStore, lock};

impl LayerStore {
    // ANCHOR: sweep
    /// Removes it, unless somebody uses the store at this moment: then who comes next does. What can't be removed is
    /// reported, and is no reason not to go on.
    pub(super) fn sweep(&self) -> Result<()> {
        let Some(_alone) = lock::try_exclusive(&self.data_root)? else { return Ok(()) };
        for container in self.container_ids()? {
            // A life is in the state root, which is gone after a boot.
            if !self.containers.root().join(&container).is_dir() {
                self.tell(self.remove_container(&container));
            }
        }
        let mut known: BTreeSet<String> = self.layers()?.into_iter().map(|layer| layer.cache_id).collect();
        let containers = self.container_ids()?;
        known.extend(containers.iter().filter_map(|id| self.container(id).ok()).map(|record| record.mount_id));
        for id in self.driver.ids()?.into_iter().filter(|id| !known.contains(id)) {
            if !self.is_in_the_making(&id) {
                self.tell(self.driver.undo(&id).iter().try_for_each(|undo| undo.run()));
            }
        }
        self.tell(self.sweep_markers());
        self.tell(self.remove_unneeded().map(drop));
        self.tell(self.sweep_trials());
        Ok(())
    }
    // ANCHOR_END: sweep

    /// Work on the store that Ctrl-C may end at any moment: it is done in a process that can be killed, and what that leaves
    /// is swept as after any other kill, at once.
    pub fn interruptible<T: Serialize + DeserializeOwned>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let place = Elsewhere { interruptible: true, ..Elsewhere::default() };
        match work_in(place, || work().map(|value| (value, Vec::new()))) {
            Ok((value, _)) => Ok(value),
            Err(error) => {
                self.sweep()?;
                Err(error)
            }
        }
    }

    /// A container whose life is gone.
    fn remove_container(&self, container: &str) -> Result<()> {
        if let Ok(record) = self.container(container) {
            self.driver.undo(&record.mount_id).iter().try_for_each(|undo| undo.run())?;
        }
        remove_tree(&self.container_directory(container))
    }

    /// Whether a living process makes this layer: it holds a lock.
    fn is_in_the_making(&self, id: &String) -> bool {
        File::open(self.marker(id)).is_ok_and(|marker| marker.try_lock().is_err())
    }

    fn sweep_markers(&self) -> Result<()> {
        for entry in fs::read_dir(self.layerdb().join("tmp"))? {
            let path = entry?.path();
            // Commits are made under the exclusive lock, which we hold: a directory here is a dead one's.
            if path.is_dir() {
                remove_tree(&path)?;
            } else if File::open(&path).is_ok_and(|marker| marker.try_lock().is_ok()) {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Trials of drivers are made under the exclusive lock as well.
    fn sweep_trials(&self) -> Result<()> {
        for entry in fs::read_dir(&self.data_root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("trial-") {
                remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    fn tell(&self, result: Result<()>) {
        if let Err(error) = result {
            report(&error.context("what a killed command left can't be removed yet"));
        }
    }
}
