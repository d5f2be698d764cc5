//! A file system in memory in which a container is put together. It ends with the container.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Where it is mounted: a folder that stays empty on the host, the same for every container, since each has a mount table
/// of its own.
fn scratch() -> PathBuf {
    env::temp_dir().join("mydocker")
}

/// An empty folder that is to become /. Call it when the mounts are private already.
pub fn empty_root() -> Result<PathBuf> {
    let scratch = scratch();
    fs::create_dir_all(&scratch).with_context(|| format!("making {}", scratch.display()))?;
    mount(Some("mydocker"), &scratch, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=0755"))
        .with_context(|| format!("mounting a tmpfs on {}", scratch.display()))?;
    let root = scratch.join("root");
    fs::create_dir(&root).with_context(|| format!("making {}", root.display()))?;
    Ok(root)
}

/// An empty folder, or an empty file where `source` is one, for `source` to be shown at; outside of the root, so that it is out of
/// reach once that is /.
pub fn empty_place_like(source: &Path) -> Result<PathBuf> {
    let views = scratch().join("views");
    let make = || {
        fs::create_dir_all(&views)?;
        let place = views.join(fs::read_dir(&views)?.count().to_string());
        if source.is_dir() { fs::create_dir(&place) } else { File::create(&place).map(drop) }.map(|()| place)
    };
    make().with_context(|| format!("making a place in {}", views.display()))
}
