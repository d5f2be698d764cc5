//! A directory of a layer, held by a descriptor.
//!
//! What is in a layer was written by somebody else: an archive, or a container that still runs and
//! may exchange a directory for a link between our look and our step. So layers are walked from
//! descriptor to descriptor, and no link is followed.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};

use crate::sys;

/// One directory.
#[derive(Debug)]
pub struct Directory {
    fd: OwnedFd,
}

const FLAGS: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

impl Directory {
    /// Opens the topmost one of a layer, whose path is ours.
    pub fn open(path: &Path) -> Result<Directory> {
        let fd =
            nix::fcntl::open(path, FLAGS, Mode::empty()).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Directory { fd })
    }

    /// The directory `name` in this one; `None` when something else is there by now, or nothing.
    pub fn child(&self, name: &OsStr) -> Result<Option<Directory>> {
        match openat(&self.fd, name, FLAGS, Mode::empty()) {
            Ok(fd) => Ok(Some(Directory { fd })),
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Ok(None),
            Err(errno) => Err(errno).with_context(|| format!("cannot open the directory {}", name.display())),
        }
    }

    /// A directory that is open already, perhaps only as a place.
    pub fn from_fd(fd: OwnedFd) -> Result<Directory> {
        Ok(Directory { fd: openat(fd, ".", FLAGS, Mode::empty()).context("cannot read a directory")? })
    }

    /// The same directory, held once more.
    pub fn again(&self) -> Result<Directory> {
        Ok(Directory { fd: self.fd.try_clone()? })
    }

    /// What is there under a name; a link itself, not what it points to.
    pub fn stat(&self, name: &OsStr) -> Result<Option<FileStat>> {
        match fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno).with_context(|| format!("cannot look at {}", name.display())),
        }
    }

    /// This directory itself.
    pub fn own_stat(&self) -> Result<FileStat> {
        fstat(&self.fd).context("fstat")
    }

    /// The names in it, sorted.
    pub fn names(&self) -> Result<Vec<OsString>> {
        let mut directory = Dir::openat(&self.fd, ".", FLAGS, Mode::empty()).context("cannot open a directory")?;
        let mut names = Vec::new();
        for entry in directory.iter() {
            let entry = entry.context("cannot read a directory")?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_os_string());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Where a link points.
    pub fn read_link(&self, name: &OsStr) -> Result<OsString> {
        readlinkat(&self.fd, name).with_context(|| format!("cannot read the link {}", name.display()))
    }

    /// A regular file, for reading. Not blocked by a fifo that took its place.
    pub fn open_file(&self, name: &OsStr) -> Result<std::fs::File> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let fd =
            openat(&self.fd, name, flags, Mode::empty()).with_context(|| format!("cannot open {}", name.display()))?;
        Ok(fd.into())
    }

    /// Extended attributes of a file, a link itself not followed, sorted by name. Overlayfs's own are
    /// left out: they say how a layer is kept, not what is in it.
    pub fn attributes(&self, name: &OsStr) -> Result<Vec<(OsString, Vec<u8>)>> {
        sys::list_attributes(self.fd.as_fd(), name).with_context(|| format!("attributes of {}", name.display()))
    }

    /// Whether the directory hides what lower layers have in it.
    pub fn is_opaque(&self) -> bool {
        let name = OsStr::new(".");
        sys::OPAQUE.iter().any(|key| sys::attribute(self.fd.as_fd(), name, key).as_deref() == Some(b"y"))
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The type bits of a mode.
pub fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

/// Whether it is a directory.
pub fn is_directory(stat: &FileStat) -> bool {
    kind(stat) == SFlag::S_IFDIR
}

// ANCHOR: is_whiteout
/// Whether this is overlayfs's whiteout: a character device with the number 0:0 (kernel.org,
/// filesystems/overlayfs).
pub fn is_whiteout(stat: &FileStat) -> bool {
    kind(stat) == SFlag::S_IFCHR && stat.st_rdev == 0
}
// ANCHOR_END: is_whiteout
