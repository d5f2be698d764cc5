//! Exercise 4.3b: what was deleted, from the layers below.
//!
//! An image's last layer deletes a file; so no container sees it. Everybody who has the image has
//! all of its layers. Get the file; check with `cargo wb check 4.3b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The content of the file that was seen at `deleted`, an absolute path in the image, before it was
/// deleted: of several, the one of the topmost layer that has it. `layers` are directories, the
/// lowest first.
///
/// Fails, saying what was looked for, if no layer has such a file.
pub fn recover(layers: &[PathBuf], deleted: &Path) -> Result<Vec<u8>> {
    todo!("from the topmost layer down: the first that has a file there")
}
