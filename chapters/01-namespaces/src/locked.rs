//! Who works on a container: a lock on its state folder.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

// ANCHOR: locked
/// A state folder that is ours while this value lives: flock(2) on the folder itself. The kernel lets go of the lock when
/// its holder dies, however it dies; that is how debris is told from a container in the making.
///
/// A forked child holds the same lock. It must drop its copy, which closes it and unlocks nothing.
#[derive(Debug)]
pub(crate) struct Locked {
    pub folder: PathBuf,
    _lock: File,
}
// ANCHOR_END: locked

impl Locked {
    /// Takes the lock, or returns `None` when somebody holds it or the folder is gone.
    pub fn try_take(folder: &Path) -> Result<Option<Locked>> {
        Locked::take_by(folder, |file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        })
    }

    /// Waits for the lock; `None` when the folder is gone by then.
    pub fn take(folder: &Path) -> Result<Option<Locked>> {
        Locked::take_by(folder, |file| file.lock().map(|()| true))
    }

    fn take_by(folder: &Path, lock: impl FnOnce(&File) -> std::io::Result<bool>) -> Result<Option<Locked>> {
        let file = match File::open(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.with_context(|| format!("cannot open {}", folder.display()))?,
        };
        let locked = lock(&file).with_context(|| format!("cannot lock {}", folder.display()))?;
        // The holder before us may have removed it.
        let ours = locked && folder.exists();
        Ok(ours.then(|| Locked { folder: folder.into(), _lock: file }))
    }
}
