//! diagnosis: none
//! made by: whoever has not met a directory that is a file further up: ENOTDIR.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

pub fn recover(layers: &[PathBuf], deleted: &Path) -> Result<Vec<u8>> {
    let inside = deleted.strip_prefix("/").unwrap_or(deleted);
    for layer in layers.iter().rev() {
        let file = layer.join(inside);
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_file() => return fs::read(&file).with_context(|| format!("{}", file.display())),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("looking at {}", file.display())),
        }
    }
    bail!("no layer has a file {}", deleted.display())
}
