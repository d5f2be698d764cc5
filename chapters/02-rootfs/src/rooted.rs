//! Paths inside a root that may be hostile.
//!
//! An image is somebody else's work: its `/etc` may be a link to the host's, its `/proc` one to
//! `/`. So nothing in a root is opened by path from outside. Every look-up begins at a descriptor
//! of the root and can't leave it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fchmod, fstat, mkdirat};
use nix::unistd::symlinkat;

use crate::sys;

/// A root file system, held by a descriptor of its topmost directory.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
}

/// What a place in a root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// Anything else that can be bound on: a file, a socket, a device.
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    Followed,
    Refused,
}

impl Root {
    /// Opens a directory of the host's as a root.
    pub fn open(path: &Path) -> Result<Root> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = nix::fcntl::open(path, flags, Mode::empty())
            .with_context(|| format!("cannot open the root file system {}", path.display()))?;
        Ok(Root { directory })
    }

    /// The directory at `path`; makes what is missing on the way.
    pub fn directory(&self, path: &Path) -> Result<OwnedFd> {
        self.directory_with(path, Links::Followed)
    }

    /// The same for a directory that no image has a good reason to make a link: what we mount on /proc
    /// must be at /proc, or whoever trusts it later trusts the image (CVE-2019-19921).
    pub fn directory_without_links(&self, path: &Path) -> Result<OwnedFd> {
        self.directory_with(path, Links::Refused)
    }

    /// The file at `path`; makes an empty one, and the directories on the way, if there is none.
    pub fn file(&self, path: &Path) -> Result<OwnedFd> {
        if let Some((found, kind)) = self.look_up(path, Links::Followed)? {
            return match kind {
                Kind::File => Ok(found),
                Kind::Directory => {
                    bail!("{} in the root file system is a directory, and the source is a file", path.display())
                }
            };
        }
        drop(self.new_file(path, Mode::from_bits_truncate(0o644))?);
        self.made(path, Links::Followed)
    }

    /// A place of the given kind.
    pub fn place(&self, path: &Path, kind: Kind) -> Result<OwnedFd> {
        match kind {
            Kind::Directory => self.directory(path),
            Kind::File => self.file(path),
        }
    }

    /// What is at `path`, if anything is.
    pub fn find(&self, path: &Path) -> Result<Option<OwnedFd>> {
        Ok(self.look_up(path, Links::Followed)?.map(|(found, _)| found))
    }

    /// The regular file at `path`, to be read, if there is anything.
    pub fn open_file(&self, path: &Path) -> Result<Option<File>> {
        let found = self.find(path)?.map(|found| open_regular(found.as_fd()));
        found.transpose().with_context(|| format!("cannot read {}", path.display()))
    }

    /// Makes a file that must not be there yet, to be written to.
    pub fn new_file(&self, path: &Path, mode: Mode) -> Result<OwnedFd> {
        let (parent, name) = self.parent(path)?;
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(&parent, name.as_os_str(), flags, mode).map_err(|errno| cannot_make(path, errno))?;
        has_exactly(file.as_fd(), mode).with_context(|| format!("cannot set the mode of {}", path.display()))?;
        Ok(file)
    }

    /// Makes a link, unless there is something already.
    pub fn link(&self, target: &Path, path: &Path) -> Result<()> {
        let (parent, name) = self.parent(path)?;
        match symlinkat(target, &parent, name.as_os_str()) {
            Ok(()) | Err(Errno::EEXIST) => Ok(()),
            Err(errno) => Err(cannot_make(path, errno)),
        }
    }

    /// The directory that `path` is in, made if it is missing, and the last part of its name.
    pub fn parent(&self, path: &Path) -> Result<(OwnedFd, PathBuf)> {
        self.parent_with(path, Links::Followed)
    }

    fn directory_with(&self, path: &Path, links: Links) -> Result<OwnedFd> {
        if let Some((found, kind)) = self.look_up(path, links)? {
            return match kind {
                Kind::Directory => Ok(found),
                Kind::File => bail!("{} in the root file system is not a directory", path.display()),
            };
        }
        let (parent, name) = self.parent_with(path, links)?;
        let mode = Mode::from_bits_truncate(0o755);
        mkdirat(&parent, name.as_os_str(), mode).map_err(|errno| cannot_make(path, errno))?;
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        openat(&parent, name.as_os_str(), flags, Mode::empty())
            .and_then(|made| has_exactly(made.as_fd(), mode))
            .with_context(|| format!("cannot set the mode of {}", path.display()))?;
        self.made(path, links)
    }

    fn parent_with(&self, path: &Path, links: Links) -> Result<(OwnedFd, PathBuf)> {
        let name: &OsStr = match path.components().next_back() {
            Some(Component::Normal(name)) => name,
            _ => bail!("{} can't be made in the root file system", path.display()),
        };
        let parent = path.parent().unwrap_or(Path::new("/"));
        Ok((self.directory_with(parent, links)?, name.into()))
    }

    fn made(&self, path: &Path, links: Links) -> Result<OwnedFd> {
        let found = self.look_up(path, links)?;
        Ok(found.with_context(|| format!("{}, made a moment ago, is gone", path.display()))?.0)
    }

    /// What is at `path`, as if the root were /.
    fn look_up(&self, path: &Path, links: Links) -> Result<Option<(OwnedFd, Kind)>> {
        match sys::open_in_root(self.directory.as_fd(), path, links == Links::Followed) {
            Ok(found) => {
                let kind = kind_of(found.as_fd())?;
                Ok(Some((found, kind)))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(Errno::ELOOP) if links == Links::Refused => {
                bail!("{} in the root file system is a link: it must be a directory", path.display())
            }
            Err(Errno::ELOOP) => bail!(
                "{} in the root file system leads through a link that goes round in circles, or out (/proc/PID/fd)",
                path.display()
            ),
            Err(errno) => {
                Err(errno).with_context(|| format!("cannot look up {} in the root file system", path.display()))
            }
        }
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

/// Gives what was made a moment ago the mode that it was made with, whatever the umask has taken
/// away. (The umask itself is the whole process's. Two threads that put it aside for a moment could
/// leave it at 0, for all that this process makes and starts from then on.)
fn has_exactly(made: BorrowedFd<'_>, mode: Mode) -> nix::Result<()> {
    let is = Mode::from_bits_truncate(fstat(made)?.st_mode);
    if is.contains(mode) { Ok(()) } else { fchmod(made, mode) }
}

/// What a descriptor refers to.
pub fn kind_of(fd: BorrowedFd<'_>) -> Result<Kind> {
    let mode = SFlag::from_bits_truncate(fstat(fd).context("fstat")?.st_mode & SFlag::S_IFMT.bits());
    Ok(if mode == SFlag::S_IFDIR { Kind::Directory } else { Kind::File })
}

// ANCHOR: open_regular
/// Opens what a descriptor of a place (O_PATH) refers to, to be read: a regular file, and nothing
/// else. Nothing else is even opened. A fifo would wait for somebody who writes; and who has
/// CAP_MKNOD lays a device where a file was a moment ago, which we would open with the host's
/// powers: a disk is read then, a watchdog begins to count.
pub fn open_regular(place: BorrowedFd<'_>) -> Result<File> {
    let mode = SFlag::from_bits_truncate(fstat(place).context("fstat")?.st_mode & SFlag::S_IFMT.bits());
    ensure!(mode == SFlag::S_IFREG, "it is not a regular file");
    // It leads to what the descriptor refers to, whatever is under its name by now.
    let by_descriptor = format!("/proc/self/fd/{}", place.as_raw_fd());
    File::open(&by_descriptor).context("open")
}
// ANCHOR_END: open_regular

fn cannot_make(path: &Path, errno: Errno) -> anyhow::Error {
    let path = path.display();
    let hint = match errno {
        Errno::EROFS => "\ncause: it lies on a read-only mount\ncure: make the place in the image first",
        Errno::EEXIST => "\ncause: it is a link to nowhere\ncure: make what it points to, or choose another place",
        Errno::EACCES | Errno::EPERM => "\ncause: the directory above it is not yours\ncure: see ls -ln",
        _ => "",
    };
    anyhow!("cannot make {path} in the root file system: {errno:?} ({}){hint}", errno.desc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn hostile() -> (tempfile::TempDir, Root, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let (root, outside) = (directory.path().join("root"), directory.path().join("outside"));
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        symlink(&outside, root.join("absolute")).unwrap();
        symlink("../outside", root.join("relative")).unwrap();
        let opened = Root::open(&root).unwrap();
        (directory, opened, outside)
    }

    #[test]
    fn a_link_out_of_the_root_leads_to_a_place_inside() {
        let (directory, root, outside) = hostile();
        // `relative` means /outside in the root, which isn't there.
        assert!(root.directory(Path::new("/relative")).is_err());
        root.directory(Path::new("/outside")).unwrap();
        root.file(Path::new("/relative/file")).unwrap();
        assert!(directory.path().join("root/outside/file").exists());
        assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_must_not_be_a_link_is_refused_as_one() {
        let (directory, root, outside) = hostile();
        for name in ["/absolute", "/relative", "/absolute/below"] {
            assert!(
                root.directory_without_links(Path::new(name)).unwrap_err().to_string().contains("is a link"),
                "{name}"
            );
        }
        root.directory_without_links(Path::new("/etc/new")).unwrap();
        assert!(directory.path().join("root/etc/new").is_dir());
        assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
    }

    #[test]
    fn dots_end_at_the_root() {
        let (directory, root, _) = hostile();
        root.directory(Path::new("/../../etc/new")).unwrap();
        assert!(directory.path().join("root/etc/new").is_dir());
    }

    #[test]
    fn a_file_is_no_directory_and_the_reverse() {
        let (_directory, root, _) = hostile();
        root.file(Path::new("/etc/passwd")).unwrap();
        assert!(root.directory(Path::new("/etc/passwd")).unwrap_err().to_string().contains("not a directory"));
        assert!(root.file(Path::new("/etc")).unwrap_err().to_string().contains("is a directory"));
    }
}
