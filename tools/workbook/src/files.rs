//! Files that are there whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes a file, and its directory, so that whoever reads it sees the old text or the new one,
/// also when this process is killed in between.
pub fn write_whole(file: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).with_context(|| format!("making the directory {}", directory.display()))?;
    let half = directory.join(format!(".{}.{}", file.file_name().unwrap_or_default().display(), std::process::id()));
    let written = fs::write(&half, text).and_then(|()| fs::rename(&half, file));
    if written.is_err() {
        let _ = fs::remove_file(&half);
    }
    written.with_context(|| format!("writing {}", file.display()))
}

/// The text of a file; `None` when there is no such file. Bytes that are no UTF-8 are replaced: it
/// is the compiler's to say where they are.
pub fn read_if_there(file: &Path) -> Result<Option<String>> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
    }
}

/// All files below `directory`, sorted; none when it isn't there.
pub fn below(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let inside = |path: PathBuf| if path.is_dir() && !path.is_symlink() { below(&path) } else { vec![path] };
    paths.into_iter().flat_map(inside).collect()
}
