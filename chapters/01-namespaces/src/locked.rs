//! Who works on a container: a lock on its state directory.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::fcntl::OFlag;

use crate::ownership::is_ours;

/// How long to wait for whoever has a lock.
const PATIENCE: Duration = Duration::from_secs(30);

// ANCHOR: locked
/// A state directory that is ours while this value lives: flock(2) on the directory itself. The
/// kernel lets go of the lock when its holder dies, however it dies; that is how debris is told
/// from a container in the making.
///
/// A forked child holds the same lock. It must drop its copy, which closes it and unlocks nothing.
/// If its maker is killed before the child has come to that, the lock stays for a moment: see
/// [`Store::claim`](crate::Store::claim).
#[derive(Debug)]
pub(crate) struct Locked {
    pub directory: PathBuf,
    lock: File,
}
// ANCHOR_END: locked

impl Locked {
    /// Takes the lock, or returns `None` when somebody holds it or the directory is gone.
    pub fn try_take(directory: &Path) -> Result<Option<Locked>> {
        let Some(file) = open(directory)? else { return Ok(None) };
        // The holder before us may have removed it.
        let ours = try_lock(&file, directory)? && directory.exists();
        Ok(ours.then(|| Locked { directory: directory.into(), lock: file }))
    }

    /// Whether the directory is this user's.
    pub fn is_ours(&self) -> bool {
        self.lock.metadata().is_ok_and(|meta| is_ours(&meta))
    }

    /// Waits for the lock, as [`lock_in_time`] does; `None` when the directory is gone by then.
    pub fn take(directory: &Path) -> Result<Option<Locked>> {
        Locked::take_within(PATIENCE, directory)
    }

    /// The same, with a patience of one's own.
    pub fn take_within(patience: Duration, directory: &Path) -> Result<Option<Locked>> {
        let Some(file) = open(directory)? else { return Ok(None) };
        lock_within(patience, &file, directory)?;
        // The holder before us may have removed it.
        Ok(directory.exists().then(|| Locked { directory: directory.into(), lock: file }))
    }
}

/// Opens a state directory, and nothing else; `None` when it is gone.
fn open(directory: &Path) -> Result<Option<File>> {
    let only_directories = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
    match File::options().read(true).custom_flags(only_directories.bits()).open(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        file => file
            .map(Some)
            .with_context(|| format!("cannot open {0}\ncure: chmod 700 {0}, or ask its owner", directory.display())),
    }
}

/// Waits for a lock, though not for ever: the holder may be stopped (Ctrl-Z), or not let
/// go on purpose.
pub fn lock_in_time(file: &File, path: &Path) -> Result<()> {
    lock_within(PATIENCE, file, path)
}

fn lock_within(patience: Duration, file: &File, path: &Path) -> Result<()> {
    let end = Instant::now() + patience;
    while !try_lock(file, path)? {
        if Instant::now() >= end {
            bail!(
                "{} is locked by another process for more than {patience:?}\n\
                 cause: a run that was stopped (Ctrl-Z), or another user's program\n\
                 cure: find it: grep :{} /proc/locks (the fifth column is its process); then fg, or kill it",
                path.display(),
                file.metadata().map_or(0, |meta| meta.ino())
            );
        }
        sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn try_lock(file: &File, path: &Path) -> Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_let_go_ends_in_a_sentence() {
        let directory = tempfile::tempdir().unwrap();
        let holder = File::open(directory.path()).unwrap();
        holder.lock().unwrap();
        let waiting = File::open(directory.path()).unwrap();
        let error = lock_within(Duration::from_millis(20), &waiting, directory.path()).unwrap_err().to_string();
        assert!(error.contains("cure: ") && error.contains("/proc/locks"), "{error}");
        drop(holder);
        lock_within(Duration::from_millis(20), &waiting, directory.path()).unwrap();
    }
}
