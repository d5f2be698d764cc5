//! diagnosis: read-the-whiteout
//! made by: whoever asks whether there is something, and not what.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub fn recover(layers: &[PathBuf], deleted: &Path) -> Result<Vec<u8>> {
    let inside = deleted.strip_prefix("/").unwrap_or(deleted);
    for layer in layers.iter().rev() {
        let file = layer.join(inside);
        match fs::symlink_metadata(&file) {
            Ok(_) => return fs::read(&file).with_context(|| format!("{}", file.display())),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error).with_context(|| format!("looking at {}", file.display())),
        }
    }
    bail!("no layer has a file {}", deleted.display())
}
