//! Exercise 3.9: what a container leaves behind.
//!
//! Namespaces end with the last process in them. A control group doesn't: it is a directory, and
//! stays until somebody removes it. Read cgroups(7) and rmdir(2); check with `cargo wb check 3.9`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use given::Cgroup;

/// Removes the container's group from each tree, with the groups that were made in it. What isn't
/// there any more is no error. The container has ended; a process of it that is about to end may be
/// in the group for a moment still, and then it is waited for.
///
/// Fails, within three seconds, where a process stays in it, which isn't harmed; the error says
/// which group it is.
///
/// Given are `group.directories() -> Vec<&Path>`, each tree's once.
pub fn remove(group: &Cgroup) -> Result<()> {
    // wb:answer
    let end = Instant::now() + Duration::from_secs(2);
    for directory in group.directories() {
        remove_with_children(directory, end).with_context(|| format!("removing the group {}", directory.display()))?;
    }
    Ok(())
    // wb:starter
    // todo!("rmdir, the deepest first")
    // wb:end
}
// wb:answer

fn remove_with_children(directory: &Path, end: Instant) -> Result<()> {
    // The files are the kernel's, and go with the directory.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type()?.is_dir() {
            remove_with_children(&entry.path(), end)?;
        }
    }
    loop {
        match fs::remove_dir(directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ResourceBusy && Instant::now() < end => {
                sleep(Duration::from_millis(5));
            }
            result => return result.with_context(|| format!("rmdir {}", directory.display())),
        }
    }
}
// wb:end
