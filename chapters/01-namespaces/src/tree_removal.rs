//! Removing a directory with all that is in it.

use std::ffi::CString;
use std::fs;
use std::io::{Error, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat, renameat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::privilege::Privilege;
use crate::work::{Elsewhere, work_in};

// ANCHOR: remove
/// Removes a directory and everything below it; one that isn't there is removed already. Links are
/// removed, never followed.
///
/// What a container wrote may belong to ids that an ordinary user has no power over, and overlayfs
/// leaves a directory without any permissions (`work/work`). Inside a user namespace that maps
/// those ids, the user is root over them.
pub fn remove(directory: &Path) -> Result<()> {
    let what = || format!("cannot remove {}", directory.display());
    match remove_as_we_are(directory) {
        Err(error) if is_refusal(&error) && !Privilege::current().is_root() => {
            work_in(Elsewhere::new_user_namespace(), || {
                remove_as_we_are(directory).with_context(what).map(|()| ((), Vec::new()))
            })?;
            Ok(())
        }
        removed => removed.with_context(what),
    }
}
// ANCHOR_END: remove

/// Also a link in the directory's place: nobody else can write where our directories are, but a
/// person may.
fn remove_as_we_are(directory: &Path) -> std::io::Result<()> {
    match fs::symlink_metadata(directory) {
        Ok(meta) if meta.is_dir() => match remove_all(directory) {
            Err(Errno::ENOENT) => Ok(()),
            removed => Ok(removed?),
        },
        Ok(_) => Err(Error::from(ErrorKind::NotADirectory)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        Err(error) => Err(error),
    }
}

/// How many levels are walked down. What is deeper is moved up and comes later: a container can
/// nest directories deeper than descriptors may be open, than a stack is high, and than any path is
/// long.
const LEVELS: usize = 64;

fn remove_all(directory: &Path) -> nix::Result<()> {
    let top = nix::fcntl::open(directory, FLAGS, Mode::empty())?;
    while !names(&top)?.is_empty() {
        empty(&top, &top, 0)?;
    }
    unlinkat(AT_FDCWD, directory, UnlinkatFlags::RemoveDir)
}

/// Empties a directory, except for what is moved to the top.
fn empty(directory: &OwnedFd, top: &OwnedFd, level: usize) -> nix::Result<()> {
    for name in names(directory)? {
        match unlinkat(directory, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => continue,
            Err(Errno::EISDIR) => {}
            Err(errno) => return Err(errno),
        }
        if unlinkat(directory, name.as_c_str(), UnlinkatFlags::RemoveDir).is_ok() {
            continue;
        }
        if level == LEVELS {
            static MOVED: AtomicU64 = AtomicU64::new(0);
            let place = format!(".removed-{}-{}", std::process::id(), MOVED.fetch_add(1, Ordering::Relaxed));
            match renameat(directory, name.as_c_str(), top, place.as_str()) {
                // Its own ".." changes: that takes permission to write to it. (Root has it: nothing is changed for
                // root.)
                Err(Errno::EACCES) => {
                    fchmodat(directory, name.as_c_str(), Mode::S_IRWXU, FchmodatFlags::FollowSymlink)?;
                    renameat(directory, name.as_c_str(), top, place.as_str())?;
                }
                moved => moved?,
            }
            continue;
        }
        let inner = match openat(directory, name.as_c_str(), FLAGS, Mode::empty()) {
            Err(Errno::EACCES) => {
                fchmodat(directory, name.as_c_str(), Mode::S_IRWXU, FchmodatFlags::FollowSymlink)?;
                openat(directory, name.as_c_str(), FLAGS, Mode::empty())?
            }
            opened => opened?,
        };
        empty(&inner, top, level + 1)?;
        unlinkat(directory, name.as_c_str(), UnlinkatFlags::RemoveDir)?;
    }
    Ok(())
}

const FLAGS: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

fn names(directory: &OwnedFd) -> nix::Result<Vec<CString>> {
    let mut entries = Dir::openat(directory, ".", FLAGS, Mode::empty())?;
    let names = entries.iter().map(|entry| entry.map(|entry| entry.file_name().to_owned()));
    let all: Vec<CString> = names.collect::<nix::Result<_>>()?;
    Ok(all.into_iter().filter(|name| name.as_bytes() != b"." && name.as_bytes() != b"..").collect())
}

fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}
