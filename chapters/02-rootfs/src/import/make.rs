//! One member of an archive, made in the root.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, UtimensatFlags, mkdirat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use tar::EntryType;

use super::archive::{Archive, Member};
use super::pax::Modified;
use super::{Options, clean};
use crate::rooted::Root;
use crate::sys;

/// Makes one entry; `false` when it is of a kind that is left out.
pub(super) fn make<R: Read>(
    archive: &mut Archive<R>,
    member: &Member,
    name: &Path,
    root: &Root,
    options: &Options,
) -> Result<bool> {
    let (parent, last) = root.parent(name)?;
    match member.kind {
        EntryType::Directory => match mkdirat(&parent, &last, Mode::S_IRWXU) {
            // A folder that is there stays, with what is in it; a link is replaced, never followed.
            Err(Errno::EEXIST) if is_folder(&parent, &last) => {}
            Err(Errno::EEXIST) => {
                make_way(&parent, &last)?;
                mkdirat(&parent, &last, Mode::S_IRWXU)?;
            }
            made => made?,
        },
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            make_way(&parent, &last)?;
            let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let file = openat(&parent, &last, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
            let mut file = File::from(file);
            archive.write_to(&mut file, &member.layout)?;
            own(&parent, &last, member, options)?;
            nix::sys::stat::fchmod(file.as_fd(), mode_of(member, options))?;
            // After the change of owner, which takes them away.
            if let Some(capability) = member.capability.as_ref().filter(|_| options.keep_owners) {
                match sys::set_attribute(file.as_fd(), c"security.capability", capability) {
                    // A file system without attributes keeps none.
                    Err(Errno::EOPNOTSUPP) => {}
                    set => set.context("cannot set the file's capabilities")?,
                }
            }
        }
        EntryType::Symlink => {
            // Its target may be anything: whoever follows it later does so inside the root.
            let target = member.target.as_ref().context("a link without a target")?;
            make_way(&parent, &last)?;
            symlinkat(target, &parent, &last)?;
            own(&parent, &last, member, options)?;
        }
        EntryType::Link => {
            let target = member.target.as_ref().context("a hard link without a target")?;
            let target = clean(target)?.context("a hard link to the root")?;
            let (target_parent, target_last) = root.parent(&target)?;
            make_way(&parent, &last)?;
            linkat(&target_parent, &target_last, &parent, &last, AtFlags::empty())
                .with_context(|| format!("a hard link to {}", target.display()))?;
            return Ok(true);
        }
        // Device nodes and fifos: the archive knows no others.
        _ => return Ok(false),
    }
    if member.kind == EntryType::Directory {
        own(&parent, &last, member, options)?;
    } else {
        set_modified(&parent, &last, member.modified)?;
    }
    Ok(true)
}

pub(super) fn is_folder(parent: &OwnedFd, name: &Path) -> bool {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(parent, name, flags, Mode::empty()).is_ok()
}

// ANCHOR: make_way
/// A later entry of the same name replaces an earlier one. A folder gives way only when it is
/// empty.
fn make_way(parent: &OwnedFd, name: &Path) -> Result<()> {
    match unlinkat(parent, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(Errno::EISDIR) => {
            unlinkat(parent, name, UnlinkatFlags::RemoveDir).context("it replaces a folder that is not empty")
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

fn own(parent: &OwnedFd, name: &Path, member: &Member, options: &Options) -> Result<()> {
    if !options.keep_owners {
        return Ok(());
    }
    let (uid, gid) = member.owner;
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    fchownat(parent, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW).context("chown")
}

/// A time that the file system can't keep is no reason to refuse a file: it keeps the nearest.
pub(super) fn set_modified(parent: &OwnedFd, name: &Path, modified: Modified) -> Result<()> {
    let time = TimeSpec::new(modified.seconds, modified.nanoseconds);
    utimensat(parent, name, &TimeSpec::UTIME_OMIT, &time, UtimensatFlags::NoFollowSymlink)
        .with_context(|| format!("cannot set the time of {}", name.display()))
}
