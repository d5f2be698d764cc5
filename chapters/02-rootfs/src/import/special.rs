//! Names that mean something else than a file: for layers, in chapter 4.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

/// Names in an archive that mean something else than a file of that name. In a layer's archive,
/// `.wh.name` deletes `name`.
pub trait SpecialNames {
    /// The path by which an entry's directory is reached, made if that means more than making empty
    /// directories.
    fn reach(&self, directory: &Path) -> Result<PathBuf> {
        Ok(directory.into())
    }

    /// The path of the file that a hard link is another name of.
    fn link_target(&self, target: &Path) -> Result<PathBuf> {
        Ok(target.into())
    }

    /// Takes an entry, given the directory that it would be made in and its name; `false` for a file
    /// like any other.
    fn take(&self, directory: BorrowedFd<'_>, name: &Path) -> Result<bool>;

    /// Takes note of an entry that was made.
    fn made(&self, directory: BorrowedFd<'_>, name: &Path, is_directory: bool) -> Result<()> {
        let _ = (directory, name, is_directory);
        Ok(())
    }
}

/// Every name is a file's.
pub struct NoSpecialNames;

impl SpecialNames for NoSpecialNames {
    fn take(&self, _: BorrowedFd<'_>, _: &Path) -> Result<bool> {
        Ok(false)
    }
}

/// As many as a path of 4096 bytes has. By a link to a deep directory an archive nests deeper, and
/// our stack would end before its directories do.
const MOST_LEVELS: usize = 2048;

/// Removes what is there under a name in a directory, with all that is in it. Links are removed,
/// never followed.
pub fn remove_entry(directory: BorrowedFd<'_>, name: &Path) -> Result<()> {
    remove_at(directory, name, 0)
}

fn remove_at(directory: BorrowedFd<'_>, name: &Path, level: usize) -> Result<()> {
    match unlinkat(directory, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => return Ok(()),
        Err(Errno::EISDIR) => {}
        Err(errno) => return Err(errno.into()),
    }
    ensure!(level < MOST_LEVELS, "directories are nested deeper than {MOST_LEVELS} levels");
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let inner = openat(directory, name, flags, Mode::empty())?;
    let mut entries = nix::dir::Dir::from_fd(inner.try_clone()?)?;
    for entry in entries.iter() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            remove_at(inner.as_fd(), Path::new(name), level + 1)?;
        }
    }
    Ok(unlinkat(directory, name, UnlinkatFlags::RemoveDir)?)
}
