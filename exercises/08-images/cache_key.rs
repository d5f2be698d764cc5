//! Exercise 8.5a: repair the key of a build step.
//!
//! A builder takes a step's result from its cache if the key is the same. With this function, it
//! runs some steps again without need. Worse, it uses outdated results. Find out when, then repair
//! the function. Check with `cargo wb check 8.5a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Returns the key of a step, computed from its parent image, its instruction and, for a COPY, the
/// copied directory.
///
/// Two keys are equal if, and only if, both steps have the same result: the same parent and
/// instruction, and the same files with the same names, types, modes, contents and link targets.
/// The key doesn't depend on the directory's path, on the files' times, or on their order.
///
/// Returns an error with the path if something can't be read.
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
