//! A record's file, written whole or not at all.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result};

use super::Record;

/// Its name.
pub(super) const FILE: &str = "config.json";

// ANCHOR: write
/// Writes a record to a second file and renames it over the old one. So a reader sees either the
/// old or the new record, even after a crash.
pub(super) fn write_to(directory: &Path, record: &Record) -> Result<()> {
    let new = directory.join(format!("{FILE}.new-{}", std::process::id()));
    let text = serde_json::to_vec_pretty(record)?;
    let written = fs::write(&new, &text).and_then(|()| fs::rename(&new, directory.join(FILE)));
    let written = written.or_else(|error| {
        let _ = fs::remove_file(&new);
        // On a full disk there is no space for a second file. The exit status is worth the risk.
        let is_full = error.kind() == ErrorKind::StorageFull;
        if is_full && write_in_place(&directory.join(FILE), &text).is_ok() { Ok(()) } else { Err(error) }
    });
    written.with_context(|| format!("cannot write the record in {}", directory.display()))
}
// ANCHOR_END: write

/// Where the old one lies, if its blocks hold the new one as well.
fn write_in_place(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let file = File::options().write(true).open(file)?;
    if file.metadata()?.blocks() * 512 < text.len() as u64 {
        return Err(ErrorKind::StorageFull.into());
    }
    file.write_all_at(text, 0)?;
    file.set_len(text.len() as u64)
}
