//! Exercise 4.5: list a container's changes.
//!
//! The upper directory contains all changes. The layers below determine the kind of each change.
//! Read fstatat(2) and the kernel's page on overlayfs. Check with `cargo wb check 4.5`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("for each entry of the upper directory: what is it, and what do the layers below show?")
}
