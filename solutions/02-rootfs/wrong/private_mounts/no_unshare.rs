//! diagnosis: never-left
//! made by: whoever reads PITFALLS' "MS_REC|MS_PRIVATE first" and takes it for all there is to do.

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn private_mounts() -> Result<()> {
    let everywhere = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, everywhere, None::<&str>).context("mount(MS_PRIVATE)")?;
    Ok(())
}
