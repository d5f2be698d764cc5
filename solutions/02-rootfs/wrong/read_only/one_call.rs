//! diagnosis: flag-ignored
//! made by: everybody, at the first try; Docker's own first version of -v …:ro did.

use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC | MsFlags::MS_RDONLY;
    mount(Some(source), target, None::<&str>, flags, None::<&str>).context("binding it")?;
    Ok(())
}
