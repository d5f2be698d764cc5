//! diagnosis: no-mode
//! made by: who hashes names and contents.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

pub fn key(parent: &str, instruction: &str, copied: Option<&Path>) -> Result<String> {
    let mut hasher = Sha256::new();
    add(&mut hasher, parent.as_bytes());
    add(&mut hasher, instruction.as_bytes());
    if let Some(directory) = copied {
        add_files(&mut hasher, directory)?;
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn add(hasher: &mut Sha256, field: &[u8]) {
    hasher.update((field.len() as u64).to_le_bytes());
    hasher.update(field);
}

fn add_files(hasher: &mut Sha256, directory: &Path) -> Result<()> {
    let reading = || format!("reading {}", directory.display());
    let entries = fs::read_dir(directory).with_context(reading)?;
    let mut names = entries.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>().with_context(reading)?;
    names.sort();
    add(hasher, &names.len().to_le_bytes());
    for name in names {
        let path = directory.join(&name);
        let reading = || format!("reading {}", path.display());
        let file = fs::symlink_metadata(&path).with_context(reading)?;
        add(hasher, name.as_bytes());
        if file.is_dir() {
            add_files(hasher, &path)?;
        } else if file.is_symlink() {
            add(hasher, fs::read_link(&path).with_context(reading)?.as_os_str().as_bytes());
        } else if file.is_file() {
            add(hasher, &fs::read(&path).with_context(reading)?);
        }
    }
    Ok(())
}
