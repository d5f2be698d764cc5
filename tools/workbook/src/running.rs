//! Files that a process of ours needs while it runs, in the target directory. Each has its
//! process's number at the end of its name: one that was interrupted leaves them, and the next
//! removes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

use crate::checkout::Checkout;

/// A path that is nobody else's, for a file or a directory.
pub fn place(checkout: &Checkout, name: &str) -> Result<PathBuf> {
    place_in(&checkout.target().join("run"), name)
}

fn place_in(directory: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(directory).with_context(|| format!("making the directory {}", directory.display()))?;
    remove_leftovers(directory);
    // Several may be looked at at once.
    static PLACES: AtomicU32 = AtomicU32::new(0);
    let number = PLACES.fetch_add(1, Ordering::Relaxed);
    Ok(directory.join(format!("{name}-{number}-{}", std::process::id())))
}

fn remove_leftovers(directory: &Path) {
    for file in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = file.file_name();
        let owner = name.to_str().and_then(|name| name.rsplit_once('-')).map(|(_, pid)| Path::new("/proc").join(pid));
        if owner.is_some_and(|process| !process.exists()) {
            let _ = fs::remove_file(file.path()).or_else(|_| fs::remove_dir_all(file.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_processes_left_goes_and_the_livings_stays() {
        let directory = std::env::temp_dir().join(format!("wb-running-{}", std::process::id()));
        let own = place_in(&directory, "own").expect("a temporary directory");
        fs::write(&own, "").expect("write");
        // No process has a number as high.
        fs::write(directory.join("x-0-99999999"), "").expect("write");
        fs::create_dir_all(directory.join("y-0-99999999/z")).expect("make");
        let next = place_in(&directory, "own").expect("a temporary directory");
        let left = fs::read_dir(&directory).expect("it is there").count();
        fs::remove_dir_all(directory).expect("remove");
        assert_ne!(next, own);
        assert_eq!(left, 1);
    }
}
