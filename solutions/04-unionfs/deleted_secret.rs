//! Exercise 4.3b: what was deleted, from the layers below.
//!
//! An image's last layer deletes a file; so no container sees it. Everybody who has the image has
//! all of its layers. Get the file; check with `cargo wb check 4.3b`.

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
    // todo!("from the topmost layer down: the first that has a file there")
    // wb:end
}
