//! Exercise 2.5: a /dev in which programs work, and no disk is.
//!
//! A device node is a name for a driver. Whoever is root of a user namespace only may not make one
//! (mknod: EPERM), but may bind the host's.
//! Read mknod(2), null(4), pts(4), tmpfs(5) and mount(2); check with `cargo wb check 2.5`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Makes `dev` in `root`, a directory that may be missing, what /dev is in every container:
///
/// - a tmpfs, in which only root may make anything (mode 0755);
/// - the devices null, zero, full, random, urandom and tty, and no other;
/// - the links fd, stdin, stdout and stderr to /proc/self/fd and what is in there;
/// - pts, terminals of its own (devpts) that anybody may open, and the link ptmx to pts/ptmx;
/// - shm, a tmpfs in which anybody may make files (mode 1777).
///
/// Whoever is root inside could change the mode of a host's node for everybody. Where that node is
/// shown by a mount of its own, `given::mount_setattr(path, 0, libc::MOUNT_ATTR_RDONLY)` keeps them
/// from it, and the device works as before.
///
/// It works for root of a user namespace. Fails, saying which step failed, when the kernel refuses
/// one of them.
pub fn minimal_dev(root: &Path) -> Result<()> {
    todo!("a tmpfs on dev, and in it devices, links, terminals, shared memory")
}
