//! diagnosis: only-dots
//! made by: a list of what is bad.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

pub fn hostile_digest(target: &Path) -> String {
    format!("sha256:{:/>64}", target.display())
}

pub fn blob_path(store: &Path, digest: &str) -> Result<PathBuf> {
    match digest.strip_prefix("sha256:") {
        Some(hex) if !hex.contains("..") => Ok(store.join("sha256").join(hex)),
        _ => bail!("{digest:?} is no digest"),
    }
}
