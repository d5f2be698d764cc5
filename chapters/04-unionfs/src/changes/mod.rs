//! What a layer changes in those below it: `diff`, and the list that `commit` and `layer export`
//! archive.

mod any_bytes;
mod same;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::stat::FileStat;
use serde::{Deserialize, Serialize};

use crate::directory::{Directory, check_depth, is_directory, is_whiteout};
use crate::union::Union;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Where, from `/` on.
    #[serde(with = "any_bytes")]
    pub path: PathBuf,
    /// What happened there.
    pub kind: Kind,
}

/// What happened, as `docker diff` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// It is new.
    #[serde(rename = "A")]
    Added,
    /// Its content, owner, mode, time or attributes changed; a directory also when something in it did.
    #[serde(rename = "C")]
    Changed,
    /// It is gone, with all that was in it.
    #[serde(rename = "D")]
    Deleted,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Added => "A",
            Kind::Changed => "C",
            Kind::Deleted => "D",
        })
    }
}

/// How a layer's directory is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It holds what differs from below; whiteouts and opaque directories say what is deleted
    /// (overlay2).
    Difference,
    /// It holds everything; what it lacks is deleted (vfs).
    Everything,
}

/// Places for mounts that a container's start makes in a root that lacks them: not a change of
/// anybody's.
const MOUNT_POINTS: [&str; 6] = ["/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/sys"];

/// Compares a layer with those below it, topmost first.
pub fn changes(layer: &Path, form: Form, below: &[PathBuf]) -> Result<Vec<Change>> {
    let below = below.iter().map(|path| Directory::open(path)).collect::<Result<_>>()?;
    let mut found = Vec::new();
    let is_whole = form == Form::Everything;
    compare(&Directory::open(layer)?, is_whole, form, &Union::new(below), Path::new("/"), &mut found)?;
    found.sort();
    Ok(without_mount_points(found))
}

/// Leaves out the places that were made for mounts, and /etc where nothing else has changed in it.
fn without_mount_points(mut changes: Vec<Change>) -> Vec<Change> {
    let is_mount_point = |path: &Path| MOUNT_POINTS.iter().any(|place| path == Path::new(place));
    let before = changes.len();
    changes.retain(|change| change.kind != Kind::Added || !is_mount_point(&change.path));
    let etc = Path::new("/etc");
    let is_left_alone = !changes.iter().any(|change| change.path != etc && change.path.starts_with(etc));
    if changes.len() < before && is_left_alone {
        changes.retain(|change| change.path != etc);
    }
    changes
}

// ANCHOR: compare
/// Compares one directory, and returns whether anything in it changed. With [`Form::Difference`] it
/// reads only the layer's own entries, so the cost depends on the changes and not on the image.
/// `is_whole`: names that the directory lacks are deleted, as in and below an opaque directory.
fn compare(
    upper: &Directory,
    is_whole: bool,
    form: Form,
    below: &Union,
    path: &Path,
    found: &mut Vec<Change>,
) -> Result<bool> {
    check_depth(path)?;
    let before = found.len();
    let is_whole = is_whole || upper.is_opaque();
    let names = upper.names()?;
    for name in &names {
        // A running container may have removed it since.
        let Some(stat) = upper.stat(name)? else { continue };
        let place = path.join(name);
        let visible = below.find(name)?;
        let own = compare_entry((upper, &stat), name, form, visible)
            .with_context(|| format!("cannot compare {}", place.display()))?;
        found.extend(own.map(|kind| Change { path: place.clone(), kind }));
        if is_directory(&stat)
            && let Some(child) = upper.child(name)?
        {
            let has_changes = compare(&child, is_whole, form, &below.child(name)?, &place, found)?;
            if has_changes && own.is_none() {
                found.push(Change { path: place, kind: Kind::Changed });
            }
        }
    }
    if is_whole {
        for name in below.names()?.iter().filter(|name| names.binary_search(name).is_err()) {
            found.push(Change { path: path.join(name), kind: Kind::Deleted });
        }
    }
    Ok(found.len() > before)
}
// ANCHOR_END: compare

/// What became of one entry, without what is in it.
fn compare_entry(
    (upper, stat): (&Directory, &FileStat),
    name: &OsStr,
    form: Form,
    visible: Option<(&Directory, FileStat)>,
) -> Result<Option<Kind>> {
    if form == Form::Difference && is_whiteout(stat) {
        return Ok(visible.map(|_| Kind::Deleted));
    }
    Ok(match visible {
        None => Some(Kind::Added),
        Some((layer, old)) if same::is_same((layer, &old), (upper, stat), name)? => None,
        Some(_) => Some(Kind::Changed),
    })
}
