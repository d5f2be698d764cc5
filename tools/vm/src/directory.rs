//! A run's own directory, which the guest sees, and the removal of those that dead runs left
//! behind.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

/// Removed when dropped; when its owner is killed, by the next run: whoever owns it holds a lock in
/// it.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

const LOCK: &str = "lock";

impl Directory {
    /// Makes one in `place`/running.
    pub fn make(place: &Path) -> Result<Directory> {
        let all = place.join("running");
        fs::create_dir_all(&all).with_context(|| format!("make the directory {}", all.display()))?;
        sweep(&all);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let path = all.join(format!("{}-{since}", std::process::id()));
        let make = |path: &Path| {
            DirBuilder::new().mode(0o700).create(path).with_context(|| format!("make the directory {}", path.display()))
        };
        make(&path)?;
        let lock = File::create(path.join(LOCK)).context("make the run's lock file")?;
        lock.lock().context("lock the run's directory")?;
        let directory = Directory { path, _lock: lock };
        for part in [directory.shared(), directory.stand_ins(), directory.temporary()] {
            make(&part)?;
        }
        Ok(directory)
    }

    /// The guest has this one at [`crate::guest::SHARED`], writable.
    pub fn shared(&self) -> PathBuf {
        self.path.join("shared")
    }

    /// Programs that the guest's init finds before its own.
    pub fn stand_ins(&self) -> PathBuf {
        self.path.join("stand-ins")
    }

    /// virtme-ng's temporary files.
    pub fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }

    pub fn write_program(&self, path: &Path, text: &[u8]) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut file = File::options().write(true).create_new(true).mode(0o700).open(path)?;
            io::Write::write_all(&mut file, text)
        };
        write().with_context(|| format!("write {}", path.display()))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes what nobody owns any more. A directory so new that its lock isn't held yet is left
/// alone.
fn sweep(all: &Path) {
    for directory in fs::read_dir(all).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let old = fs::metadata(&directory)
            .and_then(|directory| directory.modified())
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age.as_secs() > 5));
        let owned = File::open(directory.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
        if old && !owned {
            let _ = fs::remove_dir_all(&directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> PathBuf {
        let place = std::env::temp_dir().join(format!("vm-directory-{name}-{}", std::process::id()));
        fs::create_dir_all(&place).expect("a temporary directory");
        place
    }

    fn age(path: &Path) {
        let past = SystemTime::now() - std::time::Duration::from_secs(60);
        File::open(path).and_then(|directory| directory.set_modified(past)).expect("set the time");
    }

    #[test]
    fn a_run_that_died_is_swept_and_one_that_lives_is_not() {
        let place = place("sweep");
        let alive = Directory::make(&place).expect("a directory");
        let dead = place.join("running/1-1");
        fs::create_dir(&dead).expect("a directory");
        File::create(dead.join(LOCK)).expect("a lock that nobody holds");
        age(&dead);
        age(&alive.path);
        sweep(&place.join("running"));
        assert!(!dead.exists() && alive.shared().exists());
        drop(alive);
        assert_eq!(fs::read_dir(place.join("running")).expect("the directory").count(), 0);
        fs::remove_dir_all(place).expect("remove");
    }
}
