//! One lock for the whole store: flock(2), which the kernel lets go of when its holder dies.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::open_lock;

fn open(data_root: &Path) -> Result<File> {
    let path = data_root.join("lock");
    open_lock(&path).with_context(|| format!("cannot open {}", path.display()))
}

/// While it is held, no layer goes away.
pub fn shared(data_root: &Path) -> Result<File> {
    let file = open(data_root)?;
    file.lock_shared().context("cannot lock the layer store")?;
    Ok(file)
}

/// While it is held, nobody begins to use a layer.
pub fn exclusive(data_root: &Path) -> Result<File> {
    let file = open(data_root)?;
    file.lock().context("cannot lock the layer store")?;
    Ok(file)
}

/// The same, unless somebody uses layers at this moment.
pub fn try_exclusive(data_root: &Path) -> Result<Option<File>> {
    let file = open(data_root)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the layer store"),
    }
}
