//! What is on disk, as evidence.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::stat::{major, minor};

/// A small file's first line.
pub(super) fn first_line(file: &Path) -> String {
    match fs::read_to_string(file) {
        Ok(text) => text.lines().next().unwrap_or_default().to_string(),
        Err(error) => format!("({})", error.kind()),
    }
}

/// As `ls -l` shows it: the type, and size or numbers.
pub(super) fn kept_as(path: &Path) -> Result<String> {
    let meta = fs::symlink_metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    if meta.file_type().is_char_device() {
        return Ok(format!("c {}:{}", major(meta.rdev()), minor(meta.rdev())));
    }
    Ok(format!("a file of {} bytes: {}", meta.len(), first_line(path)))
}

/// What directories take on disk with all below them, each file once, as du(1) counts. What can't
/// be read takes nothing.
pub(super) fn bytes_on_disk(directories: &[PathBuf]) -> u64 {
    let mut seen = BTreeSet::new();
    let mut bytes = 0;
    let mut rest = directories.to_vec();
    while let Some(path) = rest.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if !seen.insert((meta.dev(), meta.ino())) {
            continue;
        }
        bytes += meta.blocks() * 512;
        if meta.is_dir() {
            rest.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }
    bytes
}
