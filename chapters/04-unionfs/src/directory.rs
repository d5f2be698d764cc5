//! A directory of a layer, held by a descriptor.
//!
//! What is in a layer was written by somebody else: an archive, or a container that still runs and
//! may exchange a directory for a link between our look and our step. So layers are walked from
//! descriptor to descriptor, and no link is followed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ch02_rootfs::rooted::open_regular;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};

use crate::sys;

/// As many levels as a path of 4096 bytes has.
pub const MOST_LEVELS: usize = 2048;

/// Paths in a layer are walked in functions that call themselves, and with a descriptor for each
/// level: more levels than a path can have, which a container can make (it goes down, and makes the
/// next one there), would end our stack.
pub fn check_depth(path: &Path) -> Result<()> {
    /// PATH_MAX. No archive of ours has a longer one, either.
    const LONGEST: usize = 4096;
    let length = path.as_os_str().len();
    ensure!(
        length <= LONGEST,
        "directories are nested too deep: a path has {length} bytes, and Linux opens {LONGEST} at once\n\
         cure: remove them: the first of these directories is /{}",
        path.components().filter(|part| matches!(part, Component::Normal(_))).take(3).collect::<PathBuf>().display()
    );
    Ok(())
}

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

    /// Where a link points; `None` when it is gone, or something else by now.
    pub fn read_link(&self, name: &OsStr) -> Result<Option<OsString>> {
        match readlinkat(&self.fd, name) {
            Ok(target) => Ok(Some(target)),
            Err(Errno::ENOENT | Errno::EINVAL) => Ok(None),
            Err(errno) => Err(errno).with_context(|| format!("cannot read the link {}", name.display())),
        }
    }

    /// A regular file, for reading; `None` when it is gone, or something else by now. Something else is
    /// not opened: a container may have made it a device.
    pub fn open_file(&self, name: &OsStr) -> Result<Option<File>> {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let place = match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(place) => place,
            Err(Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(errno).with_context(|| format!("cannot open {}", name.display())),
        };
        if kind(&fstat(&place).context("fstat")?) != SFlag::S_IFREG {
            return Ok(None);
        }
        open_regular(place.as_fd()).map(Some).with_context(|| format!("cannot open {}", name.display()))
    }

    /// Extended attributes of a file, a link itself not followed, sorted by name. Overlayfs's own are
    /// left out: they say how a layer is kept, not what is in it. What is gone has none.
    pub fn attributes(&self, name: &OsStr) -> Result<Vec<(OsString, Vec<u8>)>> {
        match sys::list_attributes(self.fd.as_fd(), name) {
            Err(Errno::ENOENT) => Ok(Vec::new()),
            found => found.with_context(|| format!("attributes of {}", name.display())),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::{makedev, mknodat};

    #[test]
    fn only_a_file_is_opened_whatever_took_its_place() {
        let place = tempfile::tempdir().unwrap();
        let directory = Directory::open(place.path()).unwrap();
        let open = |name: &str| directory.open_file(OsStr::new(name)).unwrap();
        std::fs::write(place.path().join("file"), "text").unwrap();
        std::os::unix::fs::symlink("file", place.path().join("link")).unwrap();
        std::fs::create_dir(place.path().join("directory")).unwrap();
        nix::unistd::mkfifo(&place.path().join("fifo"), Mode::S_IRWXU).unwrap();
        // As a container's root makes it, and this machine's root would open it.
        let _ = mknodat(&directory, "device", SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 9));
        for name in ["link", "directory", "fifo", "device", "nothing"] {
            assert!(open(name).is_none(), "{name}");
        }
        assert_eq!(std::io::read_to_string(open("file").unwrap()).unwrap(), "text");
        assert_eq!(directory.read_link(OsStr::new("file")).unwrap(), None);
        assert_eq!(directory.read_link(OsStr::new("link")).unwrap(), Some("file".into()));
        assert!(directory.attributes(OsStr::new("nothing")).unwrap().is_empty());
    }
}
