//! A layer in the making: it is committed whole, or nothing of it stays.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ch01_namespaces::{new_id, remove_tree};

use super::LayerStore;
use crate::digest::{ChainId, DiffId, chain_id};
use crate::driver::CacheId;
use crate::driver::overlay2::MOST_LAYERS;

/// How the name of a [`FreezeMarker`] ends.
pub(super) const FROZEN: &str = "frozen";

/// A container on an image needs one more.
const MOST_IMAGE_LAYERS: usize = MOST_LAYERS - 1;

/// Made with its directories, to be filled and committed. Dropped before that, it goes away.
pub struct NewLayer<'a> {
    store: &'a LayerStore,
    id: CacheId,
    parent: Option<ChainId>,
    /// Locked as long as its maker lives: what a killed one has left is told from what a living one is
    /// making.
    _in_the_making: File,
    is_committed: bool,
}

impl LayerStore {
    /// Begins a layer on another, or on nothing.
    pub fn begin_layer(&self, parent: Option<ChainId>) -> Result<NewLayer<'_>> {
        let _stays = self.lock_shared()?;
        let below: Vec<CacheId> = match &parent {
            Some(parent) => self.cache_ids(parent)?,
            None => Vec::new(),
        };
        ensure!(
            below.len() < MOST_IMAGE_LAYERS,
            "an image of more than {MOST_IMAGE_LAYERS} layers can't be run\n\
             cause: overlayfs unites {MOST_LAYERS} at most, and a container adds one\n\
             cure: make one layer of several: run IMAGE tar -C / --one-file-system -cf - . | layer import NAME"
        );
        let id = new_id()?;
        let new = NewLayer { store: self, parent, _in_the_making: self.mark(&id)?, id, is_committed: false };
        self.driver.create(&new.id, &below)?;
        Ok(new)
    }

    /// A file that says "this is being made", locked as long as its maker lives.
    pub(super) fn mark(&self, id: &CacheId) -> Result<File> {
        let marker = self.marker(id);
        let file = File::create(&marker).with_context(|| format!("cannot make {}", marker.display()))?;
        file.lock().context("cannot lock a file made a moment ago")?;
        Ok(file)
    }

    /// A marker that says which container has to be thawed if we are killed, by its state directory.
    pub fn mark_freeze(&self, state_directory: &Path) -> Result<FreezeMarker> {
        let _nobody_sweeps = self.lock_shared()?;
        let id = format!("{}.{FROZEN}", new_id()?);
        let marker = FreezeMarker { path: self.marker(&id), _locked: self.mark(&id)? };
        fs::write(&marker.path, state_directory.as_os_str().as_bytes())
            .context("cannot record the frozen container")?;
        Ok(marker)
    }

    pub(super) fn marker(&self, id: &CacheId) -> PathBuf {
        self.layerdb().join("tmp").join(id)
    }
}

/// What [`LayerStore::mark_freeze`] made. It goes away with this value.
pub struct FreezeMarker {
    path: PathBuf,
    _locked: File,
}

impl Drop for FreezeMarker {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl NewLayer<'_> {
    /// Where its files go.
    pub fn content(&self) -> PathBuf {
        self.store.driver.content(&self.id)
    }

    // ANCHOR: commit
    /// Adds the layer to the store's index, and gives it a name. One rename(2) creates the entry
    /// atomically. If the index already has an equal layer, that one stays and this one is removed.
    pub fn commit(mut self, diff: DiffId, size: u64, name: Option<&str>) -> Result<ChainId> {
        let store = self.store;
        let chain = chain_id(self.parent.as_ref(), &diff);
        let _alone = store.lock_exclusive()?;
        if let Some(parent) = &self.parent {
            store.layer(parent)?.context("the parent layer was removed by another command")?;
        }
        store.begin_names()?;
        let before = store.names()?;
        if store.layer(&chain)?.is_none() {
            let growing = store.layerdb().join("tmp").join(format!("{}.new", self.id));
            fs::create_dir(&growing).with_context(|| format!("cannot make {}", growing.display()))?;
            let parent = self.parent.map(|parent| ("parent", parent.to_string()));
            let files = [("diff", diff.to_string()), ("cache-id", self.id.clone()), ("size", size.to_string())];
            files
                .into_iter()
                .chain(parent)
                .try_for_each(|(name, text)| fs::write(growing.join(name), text))
                .and_then(|()| fs::rename(&growing, store.layer_directory(&chain)))
                .inspect_err(|_| drop(remove_tree(&growing)))
                .context("cannot commit the layer")?;
            self.is_committed = true;
        }
        if let Some(name) = name {
            store.set_name(name, Some(chain))?;
            if before.get(name).is_some_and(|before| *before != chain) {
                store.remove_unneeded()?;
            }
        }
        Ok(chain)
    }
    // ANCHOR_END: commit
}

impl Drop for NewLayer<'_> {
    fn drop(&mut self) {
        if !self.is_committed {
            // What can't be removed now is found by the sweeper, by the marker, and it says why.
            let undo = self.store.driver.undo(&self.id);
            if undo.iter().map(|undo| undo.run()).filter(|undone| undone.is_err()).count() > 0 {
                return;
            }
        }
        let _ = fs::remove_file(self.store.marker(&self.id));
    }
}
