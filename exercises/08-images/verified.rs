//! Exercise 8.2a: store a verified blob.
//!
//! A manifest gives a size and a digest for a blob. Write the content to a file, which must appear
//! only if size and digest are right. Read rename(2). Check with `cargo wb check 8.2a`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// Writes `content` to `file`. The content must have `size` bytes and the digest `digest`:
/// `sha256:` and 64 lower-case hexadecimal digits.
///
/// `file` doesn't exist until the content has been verified. The function writes each piece to the
/// disk as it arrives, because the content may be larger than the memory. It reads only slightly
/// more than `size` bytes.
///
/// Returns an error with the reason if the size or the digest is wrong, or if something can't be
/// read or written. Then it leaves no file in the directory.
///
/// Use `Sha256::new()`, `update(&bytes)` and `finalize()`, which returns the bytes of the digest,
/// from the crate sha2.
pub fn store_blob(content: &mut dyn Read, size: u64, digest: &str, file: &Path) -> Result<()> {
    todo!("hash, count and write each piece to a temporary file; then rename it")
}
