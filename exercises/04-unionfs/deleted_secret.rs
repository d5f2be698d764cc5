//! Exercise 4.3b: read a deleted file from the layers below.
//!
//! The topmost layer of an image deletes a file, so no container sees it. But everybody who has the
//! image has all of its layers. Read the file. Check with `cargo wb check 4.3b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Returns the content that the file at `deleted`, an absolute path in the image, had before it was
/// deleted. If several layers have the file, this is the content in the topmost of them. `layers`
/// are directories, the lowest first.
///
/// Returns an error with the path if no layer has such a file.
pub fn recover(layers: &[PathBuf], deleted: &Path) -> Result<Vec<u8>> {
    todo!("search from the topmost layer down, and read the first regular file")
}
