//! Exercise 4.2: layers, seen as one.
//!
//! overlayfs shows several directories as one, and writes all changes into one of them. Its
//! options are one string. Read mount(2) and the kernel's page on overlayfs; check with `cargo wb
//! check 4.2`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Mounts at `target` the union of `layers`, which nobody writes to, and of `upper`, which gets
/// every change. `layers` are as an image lists them: the lowest first. `work` is an empty
/// directory on the same file system as `upper`. All of them are there.
///
/// Marks are kept in attributes that root of a user namespace may write as well (the option
/// `userxattr`), whoever we are. A path may have any letter in it.
///
/// Fails, saying what was to be mounted, when the kernel refuses it.
pub fn mount_overlay(layers: &[PathBuf], upper: &Path, work: &Path, target: &Path) -> Result<()> {
    todo!("one string with userxattr, lowerdir, upperdir and workdir, and one mount")
}
