//! Exercise 8.5a: a key that changes when it must.
//!
//! A builder takes a step's result from its cache if the key is the same. This one runs steps that
//! needn't be run, and, worse, takes results that are out of date. Find out when, then mend it.
//! Check with `cargo wb check 8.5a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The key of a step: of the image that it stands on, its instruction, and, for a COPY, the
/// directory that is copied.
///
/// Two keys are equal if, and only if, the step would make the same of both: the same parent and
/// instruction, and the same files, by names, types, modes, contents, targets of links. Where the
/// directory is, when its files were written, and in which order, makes no difference.
///
/// Fails, saying what it was, if something can't be read.
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
    hasher.update(field);
}

fn add_files(hasher: &mut Sha256, directory: &Path) -> Result<()> {
    let reading = || format!("reading {}", directory.display());
    for entry in fs::read_dir(directory).with_context(reading)? {
        let path = entry.context("reading an entry")?.path();
        let file = fs::metadata(&path).with_context(|| format!("looking at {}", path.display()))?;
        add(hasher, path.as_os_str().as_encoded_bytes());
        add(hasher, &file.mtime().to_le_bytes());
        if file.is_dir() {
            add_files(hasher, &path)?;
        } else {
            add(hasher, &fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
        }
    }
    Ok(())
}
