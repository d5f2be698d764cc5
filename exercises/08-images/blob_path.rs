//! Exercise 8.2b: attack a store through a digest, and the defence.
//!
//! A manifest names blobs by digest, and a store keeps each blob in a file that is named after its
//! digest. But the manifest comes from an untrusted source. First read a file of the host through
//! an insecure store. Then write the function that checks a digest. Check with `cargo wb check
//! 8.2b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The attack. Returns a text for which the insecure store below reads `target`, an absolute path
/// outside of the store. The store is a directory on the same machine:
///
/// ```ignore
/// let hex = digest.strip_prefix("sha256:").context("another algorithm")?;
/// ensure!(hex.len() == 64, "a digest has 64 digits");
/// fs::read(store.join("sha256").join(hex))
/// ```
///
/// `target` has fewer than 60 bytes.
pub fn hostile_digest(target: &Path) -> String {
    todo!("which text of 64 bytes makes `join` return the target?")
}

/// The defence. Returns the path of a blob's file, `STORE/sha256/HEX`. `digest` must be `sha256:`
/// and 64 characters of `0` to `9` and `a` to `f`.
///
/// Returns an error for any other text.
pub fn blob_path(store: &Path, digest: &str) -> Result<PathBuf> {
    todo!("check exactly what a digest may contain")
}
