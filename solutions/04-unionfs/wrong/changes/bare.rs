//! diagnosis: bare-errno
//! made by: whoever only adds the question mark.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::{Change, ChangeKind};

pub fn changes(layers: &[PathBuf], upper: &Path) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let below: Vec<PathBuf> = layers.iter().rev().cloned().collect();
    compare(upper, &below, Path::new("/"), &mut changes)?;
    changes.sort();
    Ok(changes)
}

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

fn visible(below: &[PathBuf], name: &OsString) -> Result<Option<(Metadata, Vec<PathBuf>)>> {
    let mut seen: Option<(Metadata, Vec<PathBuf>)> = None;
    for layer in below {
        let file = layer.join(name);
        if let Some(found) = look(&file)? {
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
    let entries = fs::read_dir(directory)?;
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
        let size = if file.is_dir() { 0 } else { file.size() };
        (file.mode(), file.uid(), file.gid(), size, file.mtime(), file.mtime_nsec())
    };
    of(one) != of(other)
}
