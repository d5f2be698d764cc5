//! diagnosis: made-outside
//! made by: whoever repairs the lookup, and makes what is missing by its path, as before.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;

pub fn target_in_root(root: &Path, target: &Path) -> Result<OwnedFd> {
    let image = open(root, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()).context("the root")?;
    if let Err(Errno::ENOENT) = open_in(&image, target) {
        let path = root.join(target.strip_prefix("/").unwrap_or(target));
        fs::create_dir_all(&path).context("making the target")?;
    }
    open_in(&image, target).context("the target")
}

fn open_in(image: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_IN_ROOT);
    openat2(image, path, how)
}
