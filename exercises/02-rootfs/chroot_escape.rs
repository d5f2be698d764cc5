//! Exercise 2.3: out of a chroot.
//!
//! You are root in a chroot: / is a directory somewhere on the host, and `..` stops there. Nothing
//! is open from before, and there is no /proc. Get out. (It harms nobody: the host is the lab.)
//! Read chroot(2), its notes above all, and path_resolution(7); check with `cargo wb check 2.3`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};

/// Called as root in a chroot, however deep; when it returns, this process's root is the host's.
///
/// Fails, saying which step failed, when it can't get out.
pub fn escape() -> Result<()> {
    todo!("be where the root isn't on the way up")
}
