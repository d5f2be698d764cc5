//! diagnosis: layer-written
//! made by: whoever takes the topmost layer for the writable one

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn mount_overlay(layers: &[PathBuf], _: &Path, work: &Path, target: &Path) -> Result<()> {
    let lower = layers[0].display();
    let upper = layers[layers.len() - 1].display();
    let options = format!("userxattr,lowerdir={lower},upperdir={upper},workdir={}", work.display());
    mount(Some("overlay"), target, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .with_context(|| format!("mounting {options}"))
}
