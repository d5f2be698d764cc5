//! diagnosis: split-at-a-colon
//! made by: nearly everybody: in the examples no path has a colon in it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn mount_overlay(layers: &[PathBuf], upper: &Path, work: &Path, target: &Path) -> Result<()> {
    let lower = layers.iter().rev().map(|layer| layer.to_string_lossy()).collect::<Vec<_>>().join(":");
    let options = format!("userxattr,lowerdir={lower},upperdir={},workdir={}", upper.display(), work.display());
    mount(Some("overlay"), target, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .with_context(|| format!("mounting {options}"))
}
