//! diagnosis: the-hosts-dev
//! made by: whoever wants it to work at once: `docker run -v /dev:/dev`, as it stands in many
//! answers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

pub fn minimal_dev(root: &Path) -> Result<()> {
    let dev = root.join("dev");
    fs::create_dir_all(&dev).context("making dev")?;
    mount(Some("/dev"), &dev, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .context("binding /dev")?;
    Ok(())
}
