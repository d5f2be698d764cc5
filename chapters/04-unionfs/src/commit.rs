//! A container's changes become a layer.

use anyhow::{Context, Result};
use ch01_namespaces::State;

use crate::archive::{Fed, Imported, import, write};
use crate::store::{LayerStore, check_name};

// ANCHOR: commit
/// Makes a layer of what a container changed, on top of the image that it stands on. The container stays as it is; a running
/// one is frozen meanwhile, so that no file is copied half-written.
pub fn commit(store: &LayerStore, container: &State, name: &str) -> Result<Imported> {
    check_name(name)?;
    let record = store.container(&container.id)?;
    let below = store.cache_ids(&record.image)?;
    let _still = Frozen::while_alive(store, container)?;
    let layer = store.interruptible(|| {
        let changes = store.driver().changes(&record.mount_id, &below)?;
        let content = store.driver().content(&record.mount_id);
        import(store, Some(record.image), Some(name), || Fed::by(move |pipe| write(&content, &changes, pipe)))
    });
    layer.with_context(|| format!("cannot commit container {}", &container.id[..12]))
}
// ANCHOR_END: commit

/// A container's processes, held still.
struct Frozen(ch03_cgroups::group::Group);

impl Frozen {
    /// `None` where there is nothing to hold: no process, no cgroup to do it with, or somebody holds it already.
    fn while_alive(store: &LayerStore, container: &State) -> Result<Option<Frozen>> {
        let directory = store.containers().folder_of(container);
        match ch03_cgroups::group::Group::read(&directory)? {
            Some(group) if container.is_alive() && !ch03_cgroups::is_frozen(&group) => {
                Ok(ch03_cgroups::freeze(&group, true).is_ok().then_some(Frozen(group)))
            }
            _ => Ok(None),
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        if let Err(error) = ch03_cgroups::freeze(&self.0, false) {
            ch01_namespaces::report(&error.context("the container could not be thawed\ncure: thaw it"));
        }
    }
}
