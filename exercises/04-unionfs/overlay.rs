//! Exercise 4.2: mount layers as one directory.
//!
//! overlayfs shows several directories as one, and writes all changes into one of them. Its
//! options are one string. Read mount(2) and the kernel's page on overlayfs. Check with `cargo wb
//! check 4.2`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Mounts the union of `layers` and `upper` at `target`. The layers are read-only, and all changes
/// go to `upper`. `layers` are in the order of an image: the lowest first. `work` is an empty
/// directory on the same file system as `upper`. All directories exist.
///
/// The mount always has the option `userxattr`, so that overlayfs stores its marks in attributes
/// that root of a user namespace may also write. A path may contain any character.
///
/// Returns an error with the paths or the options if the kernel refuses the mount.
pub fn mount_overlay(layers: &[PathBuf], upper: &Path, work: &Path, target: &Path) -> Result<()> {
    todo!("build one string with userxattr, lowerdir, upperdir and workdir; then mount")
}
