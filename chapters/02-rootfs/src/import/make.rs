//! One member of an archive, made in the root.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{
    FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmodat, fstatat, makedev, mkdirat, mknodat, utimensat,
};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use tar::EntryType;

use super::archive::{Archive, Member};
use super::pax::Modified;
use super::special::remove_entry;
use super::{Options, SpecialFiles, clean};
use crate::rooted::Root;
use crate::sys;

/// How an entry came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// As the archive says.
    Whole,
    /// It belongs to somebody else than the archive says.
    WithoutOwner,
    /// Not at all: it is of a kind that is left out.
    LeftOut,
}

/// Makes one entry at a place: a directory, and a name in it.
pub(super) fn make<R: Read>(
    archive: &mut Archive<R>,
    member: &Member,
    place: (&OwnedFd, &Path),
    root: &Root,
    options: &Options,
) -> Result<Made> {
    let (parent, last) = place;
    let made;
    match member.kind {
        EntryType::Directory => {
            match mkdirat(parent, last, Mode::S_IRWXU) {
                // A directory that is there stays, with what is in it; a link is replaced, never followed.
                Err(Errno::EEXIST) if is_directory(parent, last) => {}
                Err(Errno::EEXIST) => {
                    make_way(parent, last, options)?;
                    mkdirat(parent, last, Mode::S_IRWXU)?;
                }
                made => made?,
            }
            made = own(parent, last, member, options)?;
            if !member.attributes.is_empty() {
                let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                set_attributes(openat(parent, last, flags, Mode::empty())?.as_fd(), member)?;
            }
            // Its time is set when it is full.
            return Ok(made);
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let new_file = || openat(parent, last, flags, Mode::S_IRUSR | Mode::S_IWUSR);
            let file = match new_file() {
                Err(Errno::EEXIST) => {
                    make_way(parent, last, options)?;
                    new_file()?
                }
                made => made?,
            };
            let mut file = File::from(file);
            archive.write_to(&mut file, &member.layout)?;
            made = own(parent, last, member, options)?;
            let mode = if made == Made::Whole { mode_of(member, options) } else { plain_mode_of(member) };
            nix::sys::stat::fchmod(file.as_fd(), mode)?;
            // After the change of owner, which takes them away.
            if let Some(capability) = member.capability.as_ref().filter(|_| options.keep_owners) {
                match sys::set_attribute(file.as_fd(), c"security.capability", capability) {
                    // A file system without attributes keeps none.
                    Err(Errno::EOPNOTSUPP) => {}
                    set => set.context("cannot set the file's capabilities")?,
                }
            }
            set_attributes(file.as_fd(), member)?;
        }
        EntryType::Symlink => {
            // Its target may be anything: whoever follows it later does so inside the root.
            let target = member.target.as_ref().context("a link without a target")?;
            make_way(parent, last, options)?;
            symlinkat(target, parent, last)?;
            made = own(parent, last, member, options)?;
        }
        EntryType::Link => {
            let target = member.target.as_ref().context("a hard link without a target")?;
            let target = clean(target)?.context("a hard link to the root")?;
            let (target_parent, target_last) = root.parent(&target)?;
            if is_same_file((&target_parent, &target_last), place) {
                return Ok(Made::Whole);
            }
            make_way(parent, last, options)?;
            linkat(&target_parent, &target_last, parent, last, AtFlags::empty())
                .with_context(|| format!("a hard link to {}", target.display()))?;
            return Ok(Made::Whole);
        }
        // Fifos and devices: the archive knows no others.
        kind => {
            let kind = match kind {
                EntryType::Fifo => SFlag::S_IFIFO,
                EntryType::Char => SFlag::S_IFCHR,
                _ => SFlag::S_IFBLK,
            };
            let needed = if kind == SFlag::S_IFIFO { SpecialFiles::Fifos } else { SpecialFiles::All };
            if options.special_files < needed {
                return Ok(Made::LeftOut);
            }
            let device = match (kind, member.device) {
                (SFlag::S_IFIFO, _) => 0,
                (_, device) => {
                    let (major, minor) = device.context("a device that is no number")?;
                    makedev(major.into(), minor.into())
                }
            };
            // The number 0:0 is no device: to overlayfs it says that a file is deleted.
            if kind == SFlag::S_IFCHR && device == 0 {
                return Ok(Made::LeftOut);
            }
            make_way(parent, last, options)?;
            mknodat(parent, last, kind, Mode::S_IRUSR | Mode::S_IWUSR, device).context("mknod")?;
            made = own(parent, last, member, options)?;
            // Nothing that could be exchanged meanwhile lies on this way: nobody else is in here.
            fchmodat(parent, last, plain_mode_of(member), FchmodatFlags::FollowSymlink)?;
        }
    }
    set_modified(parent, last, member.modified)?;
    Ok(made)
}

/// Two names of one file already: linkat(2) onto itself would first remove it.
fn is_same_file(a: (&OwnedFd, &Path), b: (&OwnedFd, &Path)) -> bool {
    let identity = |(parent, name): (&OwnedFd, &Path)| {
        fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW).ok().map(|stat| (stat.st_dev, stat.st_ino))
    };
    identity(a).is_some_and(|a| identity(b) == Some(a))
}

/// Attributes of users' own. A file system without attributes keeps none.
fn set_attributes(file: BorrowedFd<'_>, member: &Member) -> Result<()> {
    for (key, value) in &member.attributes {
        match sys::set_attribute(file, key, value) {
            Ok(()) | Err(Errno::EOPNOTSUPP) => {}
            Err(errno) => return Err(errno).with_context(|| format!("cannot set the attribute {key:?}")),
        }
    }
    Ok(())
}

pub(super) fn is_directory(parent: &OwnedFd, name: &Path) -> bool {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(parent, name, flags, Mode::empty()).is_ok()
}

// ANCHOR: make_way
/// A later entry of the same name replaces an earlier one. A directory gives way only when it is
/// empty, or when a layer replaces what is below it.
fn make_way(parent: &OwnedFd, name: &Path, options: &Options) -> Result<()> {
    match unlinkat(parent, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(Errno::EISDIR) if options.replace_directories => remove_entry(parent.as_fd(), name),
        Err(Errno::EISDIR) => {
            unlinkat(parent, name, UnlinkatFlags::RemoveDir).context("it replaces a directory that is not empty")
        }
        Err(errno) => Err(errno.into()),
    }
}
// ANCHOR_END: make_way

pub(super) fn mode_of(member: &Member, options: &Options) -> Mode {
    // A file of an ordinary user's must not become set-user-ID to them.
    let kept = if options.keep_owners { 0o7777 } else { 0o1777 };
    Mode::from_bits_truncate(member.mode & kept)
}

/// Without the bits that give an owner's powers to others.
fn plain_mode_of(member: &Member) -> Mode {
    Mode::from_bits_truncate(member.mode & 0o1777)
}

fn own(parent: &OwnedFd, name: &Path, member: &Member, options: &Options) -> Result<Made> {
    if !options.keep_owners {
        return Ok(Made::Whole);
    }
    let (uid, gid) = member.owner;
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    match fchownat(parent, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(()) => Ok(Made::Whole),
        // No such id is mapped into this user namespace: user_namespaces(7).
        Err(Errno::EINVAL) => Ok(Made::WithoutOwner),
        Err(errno) => Err(errno).context("chown"),
    }
}

/// A time that the file system can't keep is no reason to refuse a file: it keeps the nearest.
pub(super) fn set_modified(parent: &OwnedFd, name: &Path, modified: Modified) -> Result<()> {
    let time = TimeSpec::new(modified.seconds, modified.nanoseconds);
    utimensat(parent, name, &TimeSpec::UTIME_OMIT, &time, UtimensatFlags::NoFollowSymlink)
        .with_context(|| format!("cannot set the time of {}", name.display()))
}
