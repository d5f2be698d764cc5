//! diagnosis: dots-lead-out
//! made by: whoever looks for links only, with canonicalize and starts_with, and not at the target
//! itself.

use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2, readlinkat};
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
    let way: Vec<_> = path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    let is_link = |part: &&&Path| readlinkat(image, **part).is_ok();
    let path = match way.iter().rev().find(is_link) {
        // The first link on the way, and what comes after it: as the container means it.
        Some(link) => return openat2(image, path, in_root(link)),
        None if path.as_os_str().is_empty() => Path::new("."),
        None => path,
    };
    openat(image, path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
}

fn in_root(_: &Path) -> OpenHow {
    OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_IN_ROOT)
}
