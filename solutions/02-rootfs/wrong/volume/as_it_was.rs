//! diagnosis: follows-links
//! made by: moby/moby before 2016, runc before CVE-2021-30465: a lookup that begins in the image,
//! and ends where a link likes.

use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};

pub fn target_in_root(root: &Path, target: &Path) -> Result<OwnedFd> {
    let image = open(root, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()).context("the root")?;
    if let Err(Errno::ENOENT) = open_in(&image, target) {
        let (parent, name) = target.parent().zip(target.file_name()).context("a target without a name")?;
        let directory = open_in(&image, parent).context("the directory above")?;
        mkdirat(&directory, name, Mode::from_bits_truncate(0o755)).context("making the target")?;
    }
    open_in(&image, target).context("the target")
}

fn open_in(image: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    let path = path.strip_prefix("/").unwrap_or(path);
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    openat(image, path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
}
