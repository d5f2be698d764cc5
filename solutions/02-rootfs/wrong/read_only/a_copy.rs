//! diagnosis: none
//! made by: whoever copies what shall not be changed. What the host changes later isn't seen.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    if source.is_file() {
        fs::copy(source, target).context("copying it")?;
    } else {
        mount(Some("tmpfs"), target, Some("tmpfs"), MsFlags::MS_RDONLY, None::<&str>).context("a tmpfs")?;
    }
    Ok(())
}
