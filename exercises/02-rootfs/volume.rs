//! Exercise 2.6b: the mount that went elsewhere.
//!
//! This runtime's function for the target of a volume compiles, is called, and returns Ok; and with
//! some images the volume is mounted on a directory of the host's. Find out with which, by looking
//! at where the mount went; then find the line. Read symlink(7) and path_resolution(7); check with
//! `cargo wb check 2.6b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, mkdirat};

/// Opens the place in `root`, an image, where `target` is mounted: what `target` means in there,
/// where `root` is /. Links are the image's, and followed as the container would follow them. A
/// last component that is missing is made as a directory. What it opens is closed by an exec: a
/// command that got it could go to the host by it.
///
/// Fails, saying which step failed, and then has made nothing.
pub fn target_in_root(root: &Path, target: &Path) -> Result<OwnedFd> {
    let image = File::open(root).with_context(|| format!("opening the root {}", root.display()))?.into();
    if let Err(Errno::ENOENT) = open_in(&image, target) {
        let (parent, name) = target.parent().zip(target.file_name()).context("a target without a name")?;
        let directory =
            open_in(&image, parent).with_context(|| format!("opening {} in the image", parent.display()))?;
        mkdirat(&directory, name, Mode::from_bits_truncate(0o755))
            .with_context(|| format!("making {} in the image", target.display()))?;
    }
    open_in(&image, target).with_context(|| format!("opening {} in the image", target.display()))
}

/// Opens what `path` is in the image.
fn open_in(image: &OwnedFd, path: &Path) -> nix::Result<OwnedFd> {
    // Relative to the image, so that it begins there.
    let path = path.strip_prefix("/").unwrap_or(path);
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    openat(image, path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
}
