//! A data root belongs to one state root: with another one, the sweeper would take the containers
//! that live there for gone, and remove their layers.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Store, is_id};

use super::{lock, write_atomically};
use crate::driver::Name;

/// The state root that the data root belongs to; none at the beginning.
fn bound_to(data_root: &Path) -> Result<Option<PathBuf>> {
    let file = data_root.join("state-root");
    match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        text => {
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            Ok(Some(PathBuf::from(text.strip_suffix('\n').unwrap_or(&text))))
        }
    }
}

// ANCHOR: bind
/// Binds the data root to our state root. Refused while a container in another one has a layer
/// here, also one that has ended or was never started. (After a boot the other state root is empty,
/// or not there: nobody's containers are in it.)
pub fn bind(data_root: &Path, containers: &Store) -> Result<()> {
    let us = containers.root();
    if bound_to(data_root)?.as_deref() == Some(us) {
        return Ok(());
    }
    // Nobody begins a container meanwhile.
    let _alone = lock::exclusive(data_root)?;
    if let Some(other) = bound_to(data_root)?.filter(|other| other != us)
        && let Some(user) = user_in(data_root, &other)?
    {
        bail!(
            "the layers in {} are in use by container {} in {}, and our state root is {}\n\
             cure: remove those containers first, with the XDG_RUNTIME_DIR or --root that they were made with; or keep both \
             roots together: --root DIR keeps layers in DIR/data",
            data_root.display(),
            &user[..12],
            other.display(),
            us.display()
        );
    }
    write_atomically(&data_root.join("state-root"), us.to_string_lossy().as_bytes())
}
// ANCHOR_END: bind

/// That the data root is still ours. The caller holds the lock, so that it stays so.
pub fn check(data_root: &Path, containers: &Store) -> Result<()> {
    match bound_to(data_root)? {
        Some(other) if other != containers.root() => {
            bail!("the layers in {} are now used with the state root {}", data_root.display(), other.display())
        }
        _ => Ok(()),
    }
}

/// A container of a state root that needs something in the data root.
fn user_in(data_root: &Path, state_root: &Path) -> Result<Option<String>> {
    for driver in Name::ALL {
        let mounts = data_root.join(format!("image/{driver}/layerdb/mounts"));
        for entry in fs::read_dir(mounts).into_iter().flatten() {
            let name = entry.context("cannot read the list of containers' layers")?.file_name();
            let lives = |id: &&str| is_id(id) && state_root.join(id).is_dir();
            if let Some(id) = name.to_str().filter(lives) {
                return Ok(Some(id.into()));
            }
        }
    }
    // One without a layer may use what later chapters keep here.
    if !state_root.is_dir() {
        return Ok(None);
    }
    Ok(Store::open(state_root)?.states()?.into_iter().find(|state| state.is_alive()).map(|state| state.id))
}
