//! What killed commands have left: files that neither the index nor a container knows.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::{Elsewhere, Undo, new_id, remove_tree, report, work_in};
use serde::{Serialize, de::DeserializeOwned};

use super::new_layer::FROZEN;
use super::{LayerStore, lock};
use crate::frozen::thaw_left_behind;

impl LayerStore {
    // ANCHOR: sweep
    /// Removes garbage, unless another process is using the store; then a later command does it. If
    /// something can't be removed, this is reported, and the rest is still removed.
    pub(super) fn sweep(&self) -> Result<()> {
        if !self.needs_sweeping()? {
            return Ok(());
        }
        let Some(_alone) = lock::try_exclusive(&self.data_root)? else { return Ok(()) };
        for container in self.abandoned()? {
            self.report(self.remove_container(&container));
        }
        let mut known: BTreeSet<String> = self.layers()?.into_iter().map(|layer| layer.cache_id).collect();
        let containers = self.container_ids()?;
        known.extend(containers.iter().filter_map(|id| self.container(id).ok()).map(|record| record.mount_id));
        for id in self.driver.ids()?.into_iter().filter(|id| !known.contains(id)) {
            if !self.is_in_the_making(&id) {
                self.report(self.driver.undo(&id).iter().try_for_each(|undo| undo.run()));
            }
        }
        self.report(self.sweep_markers());
        self.report(self.remove_unneeded().map(drop));
        self.report(self.sweep_trials());
        Ok(())
    }
    // ANCHOR_END: sweep

    /// Work on the store that Ctrl-C may end at any moment: it is done in a process that can be killed,
    /// and what that leaves is swept as after any other kill, at once.
    pub fn interruptible<T: Serialize + DeserializeOwned>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        // A daemon's threads (chapter 8) can't be forked; what ends it is not Ctrl-C.
        if fs::read_dir("/proc/self/task")?.count() != 1 {
            return work();
        }
        let place = Elsewhere { interruptible: true, ..Elsewhere::default() };
        match work_in(place, || work().map(|value| (value, Vec::new()))) {
            Ok((value, _)) => Ok(value),
            Err(error) => {
                self.sweep()?;
                Err(error)
            }
        }
    }

    /// Whether there is anything to do. Whoever changes the store leaves a marker until that is done,
    /// so that not all layers have to be read to find that none is half-made.
    fn needs_sweeping(&self) -> Result<bool> {
        let is_dead = |path: PathBuf| path.is_dir() || File::open(path).is_ok_and(|marker| marker.try_lock().is_ok());
        let markers = fs::read_dir(self.layerdb().join("tmp"))?.collect::<Result<Vec<_>, _>>()?;
        Ok(markers.into_iter().any(|entry| is_dead(entry.path()))
            || !self.abandoned()?.is_empty()
            || !self.trials()?.is_empty())
    }

    /// Marks a change that is no new layer, until the marker is dropped.
    pub(super) fn begin_change(&self) -> Result<Change> {
        let id = new_id()?;
        Ok(Change { _locked: self.mark(&id)?, marker: self.marker(&id) })
    }

    /// Keeps the sweeper looking at each command, or not.
    pub(super) fn set_pending(&self, pending: bool) -> Result<()> {
        let file = self.layerdb().join("tmp/pending");
        match pending {
            true => fs::write(&file, "").with_context(|| format!("cannot write {}", file.display())),
            false => Undo::RemoveFile(file).run(),
        }
    }

    /// Containers with a layer that are gone: a life is in the state root, which is gone after a boot.
    /// A record (chapter 6) stays. Both are made before the layer, so the layers are listed first.
    fn abandoned(&self) -> Result<Vec<String>> {
        let mut containers = self.container_ids()?;
        if containers.is_empty() {
            return Ok(containers);
        }
        // Each command comes here: two lists cost less than a look at each container.
        let records = self.data_root.join("containers");
        let known: HashSet<OsString> = [records.as_path(), self.containers.root()]
            .into_iter()
            .flat_map(|place| fs::read_dir(place).into_iter().flatten().flatten())
            .map(|entry| entry.file_name())
            .collect();
        containers.retain(|container| !known.contains(OsStr::new(container)));
        Ok(containers)
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
            } else if path.ends_with("pending") {
                // Of those who remove what is not needed.
            } else if File::open(&path).is_ok_and(|marker| marker.try_lock().is_ok()) {
                if path.extension().is_some_and(|extension| extension == FROZEN) {
                    let state = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                    thaw_left_behind(Path::new(OsStr::from_bytes(&state)))?;
                }
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Trials of drivers are made under the exclusive lock as well.
    fn sweep_trials(&self) -> Result<()> {
        self.trials()?.iter().try_for_each(|trial| remove_tree(trial))
    }

    fn trials(&self) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.data_root)?.collect::<Result<Vec<_>, _>>()?;
        let is_trial = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("trial-");
        Ok(entries.into_iter().filter(is_trial).map(|entry| entry.path()).collect())
    }

    fn report(&self, result: Result<()>) {
        if let Err(error) = result {
            report(&error.context("the remains of a killed command can't be removed yet"));
        }
    }
}

/// A change in progress. If its maker is killed, the marker stays, and whoever comes next sweeps.
pub(super) struct Change {
    _locked: File,
    marker: PathBuf,
}

impl Drop for Change {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.marker);
    }
}
