//! diagnosis: bare-errno
//! made by: whoever returns the last error that there was.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub fn recover(layers: &[PathBuf], deleted: &Path) -> Result<Vec<u8>> {
    let inside = deleted.strip_prefix("/").unwrap_or(deleted);
    let mut last = None;
    for layer in layers.iter().rev() {
        let file = layer.join(inside);
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_file() => return fs::read(&file).with_context(|| format!("{}", file.display())),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => last = Some(error),
            Err(error) => return Err(error).with_context(|| format!("looking at {}", file.display())),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::NotFound.into()).into())
}
