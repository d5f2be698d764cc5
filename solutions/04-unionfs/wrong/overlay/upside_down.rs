//! diagnosis: upside-down
//! made by: everybody who joins the list as it comes; Docker's lower file is the reverse

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn mount_overlay(layers: &[PathBuf], upper: &Path, work: &Path, target: &Path) -> Result<()> {
    let lower = layers.iter().map(|layer| escaped(layer)).collect::<Vec<_>>().join(":");
    let options = format!("userxattr,lowerdir={lower},upperdir={},workdir={}", escaped(upper), escaped(work));
    mount(Some("overlay"), target, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .with_context(|| format!("mounting {options}"))
}

fn escaped(path: &Path) -> String {
    let path = path.to_string_lossy();
    path.chars().map(|c| if ":,\\".contains(c) { format!("\\{c}") } else { c.to_string() }).collect()
}
