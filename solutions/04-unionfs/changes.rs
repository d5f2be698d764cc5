//! Exercise 4.5: list a container's changes.
//!
//! The upper directory contains all changes. The layers below determine the kind of each change.
//! Read fstatat(2) and the kernel's page on overlayfs. Check with `cargo wb check 4.5`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::{Change, ChangeKind};

/// Returns a container's changes, sorted by path. `layers` are the directories of its image's
/// layers, the lowest first. `upper` is its upper directory. The overlay was mounted with
/// `userxattr`.
///
/// - Deleted: the layers below show an entry, and `upper` has a whiteout for it, or its directory
///   in `upper` is opaque and lacks the name. A deleted directory is one line.
/// - Added: `upper` has an entry, and the layers below show nothing. An added directory has a
///   further line for each file in it.
/// - Changed: type, mode, owner, size or modification time differ from the entry below; or it is a
///   directory with a listed entry. Entries without a difference are not listed.
///
/// In the layers below, the topmost layer with an entry decides. A layer hides all layers below it
/// if it has a whiteout for the name, or if it has a file in the place of one of the name's parent
/// directories. An opaque parent directory (`user.overlay.opaque` is `y`) also hides them.
///
/// Returns an error with the path if the kernel refuses to read something.
///
/// `given` has `Change`, `ChangeKind`, and `given::attribute(path: &Path, name: &str) ->
/// Result<Option<Vec<u8>>>`.
pub fn changes(layers: &[PathBuf], upper: &Path) -> Result<Vec<Change>> {
    // wb:answer
    let mut changes = Vec::new();
    let below: Vec<PathBuf> = layers.iter().rev().cloned().collect();
    compare(upper, &below, Path::new("/"), &mut changes)?;
    changes.sort();
    Ok(changes)
    // wb:starter
    // todo!("for each entry of the upper directory: what is it, and what do the layers below show?")
    // wb:end
}
// wb:answer

/// Compares one directory of the upper one with those of the same path below: the topmost first,
/// and only those that are seen.
fn compare(upper: &Path, below: &[PathBuf], at: &Path, changes: &mut Vec<Change>) -> Result<()> {
    let own = names(upper)?;
    if is_opaque(upper)? {
        for name in names_below(below)?.difference(&own) {
            changes.push(Change { path: at.join(name), kind: ChangeKind::Deleted });
        }
    }
    for name in &own {
        let (file, place) = (upper.join(name), at.join(name));
        let now = look(&file)?.context("it was there a moment ago")?;
        let seen = visible(below, name)?;
        let so_far = changes.len();
        if now.is_dir() {
            let merged = seen.as_ref().map_or(&[][..], |(_, directories)| directories);
            compare(&file, merged, &place, changes)?;
        }
        let kind = match &seen {
            None if is_whiteout(&now) => continue,
            Some(_) if is_whiteout(&now) => ChangeKind::Deleted,
            None => ChangeKind::Added,
            Some((before, _)) if differs(before, &now) || changes.len() > so_far => ChangeKind::Changed,
            Some(_) => continue,
        };
        changes.push(Change { path: place, kind });
    }
    Ok(())
}

/// What is seen below under a name: what it is, and, if it is a directory, those that are merged.
fn visible(below: &[PathBuf], name: &OsString) -> Result<Option<(Metadata, Vec<PathBuf>)>> {
    let mut seen: Option<(Metadata, Vec<PathBuf>)> = None;
    for layer in below {
        let file = layer.join(name);
        if let Some(found) = look(&file)? {
            // A whiteout, or a file, under which no directory is merged.
            if is_whiteout(&found) || (seen.is_some() && !found.is_dir()) {
                break;
            }
            let is_directory = found.is_dir();
            let is_last = !is_directory || is_opaque(&file)?;
            let (_, directories) = seen.get_or_insert((found, Vec::new()));
            directories.extend(is_directory.then_some(file));
            if is_last {
                break;
            }
        }
    }
    Ok(seen)
}

fn names_below(below: &[PathBuf]) -> Result<BTreeSet<OsString>> {
    let mut seen = BTreeSet::new();
    for directory in below {
        for name in names(directory)? {
            if visible(below, &name)?.is_some() {
                seen.insert(name);
            }
        }
    }
    Ok(seen)
}

fn names(directory: &Path) -> Result<BTreeSet<OsString>> {
    let entries = fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    entries.map(|entry| Ok(entry?.file_name())).collect()
}

fn look(file: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(file) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("looking at {}", file.display())),
    }
}

fn is_whiteout(file: &Metadata) -> bool {
    file.file_type().is_char_device() && file.rdev() == 0
}

fn is_opaque(directory: &Path) -> Result<bool> {
    Ok(given::attribute(directory, "user.overlay.opaque")?.as_deref() == Some(b"y"))
}

fn differs(one: &Metadata, other: &Metadata) -> bool {
    let of = |file: &Metadata| {
        // A directory's size is the file system's affair.
        let size = if file.is_dir() { 0 } else { file.size() };
        (file.mode(), file.uid(), file.gid(), size, file.mtime(), file.mtime_nsec())
    };
    of(one) != of(other)
}
// wb:starter
// wb:end
