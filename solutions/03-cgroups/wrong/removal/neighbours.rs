//! diagnosis: none
//! made by: clean-up scripts that remove every cgroup below a directory that others use, too.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use given::Cgroup;

pub fn remove(group: &Cgroup) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(2);
    for directory in group.directories() {
        for beside in fs::read_dir(directory.parent().unwrap_or(directory)).into_iter().flatten().flatten() {
            let _ = fs::remove_dir(beside.path());
        }
        remove_with_children(directory, end).with_context(|| format!("removing the group {}", directory.display()))?;
    }
    Ok(())
}

fn remove_with_children(directory: &Path, end: Instant) -> Result<()> {
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
