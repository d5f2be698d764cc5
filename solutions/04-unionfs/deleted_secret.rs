//! Exercise 4.3b: read a deleted file from the layers below.
//!
//! The topmost layer of an image deletes a file, so no container sees it. But everybody who has the
//! image has all of its layers. Read the file. Check with `cargo wb check 4.3b`.

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
    // wb:answer
    // In the layer: `join` with an absolute path would forget the layer.
    let inside = deleted.strip_prefix("/").unwrap_or(deleted);
    for layer in layers.iter().rev() {
        let file = layer.join(inside);
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_file() => return fs::read(&file).with_context(|| format!("{}", file.display())),
            // A whiteout, which is a device; or something else that is no file.
            Ok(_) => {}
            // Not here, or the directory itself is deleted here.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error).with_context(|| format!("looking at {}", file.display())),
        }
    }
    bail!("no layer has a file {}", deleted.display())
    // wb:starter
    // todo!("search from the topmost layer down, and read the first regular file")
    // wb:end
}
