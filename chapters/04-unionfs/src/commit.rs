//! A container's changes become a layer.

use anyhow::{Context, Result};
use ch01_namespaces::State;

use crate::archive::{Fed, Imported, import, write};
use crate::digest::ChainId;
use crate::frozen::Frozen;
use crate::owner::as_owner;
use crate::store::{LayerStore, check_name};

// ANCHOR: commit
/// Makes a layer from a container's changes, on top of its image. The container doesn't change. If
/// it runs, it is frozen while its files are read, so that no file is half-written.
pub fn commit(store: &LayerStore, container: &State, name: &str) -> Result<Imported> {
    check_name(name)?;
    let _still = Frozen::while_alive(store, container)?;
    store.interruptible(|| commit_layer(store, &container.id, Some(name)))
}

/// The layer itself, with or without a name.
pub fn commit_layer(store: &LayerStore, container: &str, name: Option<&str>) -> Result<Imported> {
    let record = store.container(container)?;
    let below = store.cache_ids(&record.image)?;
    let changes = store.driver().changes(&record.mount_id, &below)?;
    let content = store.driver().content(&record.mount_id);
    import(store, Some(record.image), name, || Fed::by(move |pipe| write(&content, &changes, pipe)))
        .with_context(|| format!("cannot commit container {}", &container[..12]))
}
// ANCHOR_END: commit

/// What a container changed, as an archive: a layer's, which chapter 8 keeps.
pub fn write_changes(store: &LayerStore, container: &str, out: impl std::io::Write) -> Result<()> {
    let record = store.container(container)?;
    let below: Vec<_> = store.stack(&record.image)?.into_iter().map(|layer| layer.cache_id).collect();
    let changes = store.driver().changes(&record.mount_id, &below)?;
    let content = store.driver().content(&record.mount_id);
    as_owner(|| write(&content, &changes, out))
}

/// A layer as an archive again.
pub fn write_layer(store: &LayerStore, chain: &ChainId, out: impl std::io::Write) -> Result<()> {
    let stack = store.stack(chain)?;
    let (layer, below) = stack.split_first().context("internal error: the container has no layer")?;
    let below: Vec<_> = below.iter().map(|layer| layer.cache_id.clone()).collect();
    let changes = store.driver().changes(&layer.cache_id, &below)?;
    let content = store.driver().content(&layer.cache_id);
    as_owner(|| write(&content, &changes, out))
}

/// The same for a container that may have ended, by its id: a record's (chapter 6).
pub fn commit_by_id(store: &LayerStore, id: &str, name: &str) -> Result<Imported> {
    let alive = store.containers().states()?.into_iter().find(|state| state.id == id);
    match alive {
        Some(state) => commit(store, &state, name),
        None => {
            check_name(name)?;
            commit_layer(store, id, Some(name))
        }
    }
}
