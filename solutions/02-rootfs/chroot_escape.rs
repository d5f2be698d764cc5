//! Exercise 2.3: out of a chroot.
//!
//! You are root in a chroot: / is a directory somewhere on the host, and `..` stops there. Nothing
//! is open from before, and there is no /proc. Get out. (It harms nobody: the host is the lab.)
//! Read chroot(2), its notes above all, and path_resolution(7); check with `cargo wb check 2.3`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::unistd::{chdir, chroot};

/// Called as root in a chroot, however deep; when it returns, this process's root is the host's.
///
/// Fails, saying which step failed, when it can't get out.
pub fn escape() -> Result<()> {
    // wb:answer
    // `..` stops at the root of the process, and only if the way up comes by there. So let the root be
    // where it doesn't: below.
    fs::create_dir_all("below").context("making the directory \"below\"")?;
    chroot("below").context("chroot(\"below\")")?;
    // We have stayed above. Up, to where it goes no further: at the top, .. is the directory itself.
    while inode(".")? != inode("..")? {
        chdir("..").context("chdir(\"..\")")?;
    }
    chroot(".").context("chroot(\".\") at the top")
    // wb:starter
    // todo!("be where the root isn't on the way up")
    // wb:end
}

// wb:answer
/// The directory's device and number, which no other has.
fn inode(path: &str) -> Result<(u64, u64)> {
    let directory = fs::metadata(path).with_context(|| format!("looking at {path}"))?;
    Ok((directory.dev(), directory.ino()))
}
// wb:end
