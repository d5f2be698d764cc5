//! Exercise 8.2b: a digest that becomes a path.
//!
//! An archive's manifest says which blobs it has, by digest, and a store keeps each in a file of
//! that name. But a digest is a text that a stranger wrote. First get a file out of a store that
//! believes it, then write the function that doesn't. Check with `cargo wb check 8.2b`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The attack: a text that a careless store takes for the digest of `target`, an absolute path
/// outside. The store is a directory `sha256`, anywhere on the same machine, and does this:
///
/// ```ignore
/// let hex = digest.strip_prefix("sha256:").context("another algorithm")?;
/// ensure!(hex.len() == 64, "a digest has 64 digits");
/// fs::read(store.join("sha256").join(hex))
/// ```
///
/// `target` has less than 60 bytes.
pub fn hostile_digest(target: &Path) -> String {
    // wb:answer
    // To the kernel many slashes are one; and a path that begins with one is no path in the store.
    format!("sha256:{:/>64}", target.display())
    // wb:starter
    // todo!("what is `join` given, if the 64 digits are none?")
    // wb:end
}

/// The defence: the file of a blob, `STORE/sha256/HEX`, where `digest` is `sha256:` and 64 of `0`
/// to `9` and `a` to `f`.
///
/// Fails, saying that it is none, for any other text, whatever its characters.
pub fn blob_path(store: &Path, digest: &str) -> Result<PathBuf> {
    // wb:answer
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    match digest.strip_prefix("sha256:") {
        Some(hex) if hex.len() == 64 && hex.chars().all(is_digit) => Ok(store.join("sha256").join(hex)),
        _ => bail!("{digest:?} is no digest"),
    }
    // wb:starter
    // todo!("what is a digest, exactly? All else is none")
    // wb:end
}
