//! What killed commands have left: files that neither the index nor a container knows.

use std::collections::BTreeSet;
use std::fs::{self, File};

use anyhow::{Context, Result};
use ch01_namespaces::{remove_tree, report};

use super::{LayerStore, lock};

impl LayerStore {
    // ANCHOR: sweep
    /// Removes it, unless somebody uses the store at this moment: then who comes next does. What can't be removed is
    /// reported, and is no reason not to go on.
    pub(super) fn sweep(&self) -> Result<()> {
        let Some(_alone) = lock::try_exclusive(&self.data_root)? else { return Ok(()) };
        for container in self.container_ids()? {
            // A life is in the state root, which is gone after a boot. A record (chapter 6) stays.
            let has_record = self.data_root.join("containers").join(&container).is_dir();
            if !has_record && !self.containers.root().join(&container).is_dir() {
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
