//! Exercise 4.5: what a container has changed.
//!
//! All that it changed is in its upper directory; what kind of change it is, the layers below say.
//! Read fstatat(2) and the kernel's page on overlayfs; check with `cargo wb check 4.5`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::{Change, ChangeKind};

/// What is different for a container, sorted by path. `layers` are its image's, the lowest first,
/// and `upper` is its own directory; overlayfs was mounted with `userxattr`.
///
/// - Deleted: `upper` has a whiteout, or its directory is opaque and has no such name; and below
///   something is seen there. A deleted directory is one line.
/// - Added: below nothing is seen there. An added directory has a line for each file in it, too.
/// - Changed: another type, mode, owner, size or time of modification than what is seen below; or
///   a directory that has something in it that is listed. What is the same isn't listed.
///
/// Below, the topmost layer that has a name decides; one that has a whiteout there, or has
/// something other than a directory above it, hides all layers below; and so does one where a
/// directory above it is opaque (`user.overlay.opaque` is `y`), if it hasn't got the name itself.
///
/// Fails, saying where, when something can't be read.
///
/// Given are `Change` and `ChangeKind`, and `given::attribute(path: &Path, name: &str) ->
/// Result<Option<Vec<u8>>>`.
pub fn changes(layers: &[PathBuf], upper: &Path) -> Result<Vec<Change>> {
    todo!("for each name in the upper directory: what is it, and what is seen below?")
}
