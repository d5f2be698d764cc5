//! diagnosis: parent-first
//! made by: whoever never made a group in a container.

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
        remove_with_children(directory, end).with_context(|| format!("removing the group {}", directory.display()))?;
    }
    Ok(())
}

fn remove_with_children(directory: &Path, end: Instant) -> Result<()> {
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
