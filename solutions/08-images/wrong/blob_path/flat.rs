//! diagnosis: none
//! made by: who keeps one directory only: an error of this answer's own.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

pub fn hostile_digest(target: &Path) -> String {
    format!("sha256:{:/>64}", target.display())
}

pub fn blob_path(store: &Path, digest: &str) -> Result<PathBuf> {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    match digest.strip_prefix("sha256:") {
        Some(hex) if hex.len() == 64 && hex.chars().all(is_digit) => Ok(store.join(hex)),
        _ => bail!("{digest:?} is no digest"),
    }
}
