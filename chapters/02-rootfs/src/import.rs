//! A root file system from a tar archive that may be hostile: what `docker export` writes, or anybody.
//!
//! Names in an archive are somebody else's: `../../etc/passwd`, `/etc/passwd`, a link to `/` and then a file through it, a
//! hard link to the host's /etc/shadow. So every entry is made relative to a descriptor, looked up inside the root (see
//! [`rooted`](crate::rooted)), and nothing that is there already is written *through*: it is removed first.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat, mkdirat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, linkat, symlinkat, unlinkat};
use tar::{Archive, Entry, EntryType};

use crate::rooted::Root;

/// More than this is a mistake or an attack: entries, and bytes unpacked.
const MOST_ENTRIES: u64 = 1_000_000;
const MOST_BYTES: u64 = 20 << 30;

/// What was unpacked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Files, folders and links.
    pub entries: u64,
    /// Bytes in files.
    pub bytes: u64,
    /// Device nodes and fifos, which were left out: a container's /dev is made anew.
    pub left_out: u64,
}

impl fmt::Display for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries, {:.1} MB", self.entries, self.bytes as f64 / 1e6)?;
        if self.left_out > 0 {
            write!(f, "; {} device nodes and the like left out", self.left_out)?;
        }
        Ok(())
    }
}

/// Unpacks into `folder`, which must be empty or not be there. On an error everything unpacked is removed again.
pub fn import(archive: impl Read, folder: &Path) -> Result<Unpacked> {
    let was_there = folder.is_dir();
    if was_there {
        ensure!(
            folder.read_dir()?.next().is_none(),
            "{} is not empty: unpack into a folder of its own",
            folder.display()
        );
    } else {
        std::fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let unpacked = unpack(archive, &Root::open(folder)?, &NoSpecialNames);
    if unpacked.is_err() {
        // It was empty before; what is in it is ours. (Neither call follows links.)
        for entry in folder.read_dir()?.flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let _ = if is_folder { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        }
        if !was_there {
            let _ = std::fs::remove_dir(folder);
        }
    }
    unpacked
}

/// Names in an archive that mean something else than a file of that name. In a layer's archive, `.wh.name` deletes `name`.
pub trait SpecialNames {
    /// Takes an entry, given the directory that it would be made in and its name; `false` for a file like any other.
    fn take(&self, directory: BorrowedFd<'_>, name: &Path) -> Result<bool>;
}

/// Every name is a file's.
pub struct NoSpecialNames;

impl SpecialNames for NoSpecialNames {
    fn take(&self, _: BorrowedFd<'_>, _: &Path) -> Result<bool> {
        Ok(false)
    }
}

/// Unpacks into a root, over what is there.
pub fn unpack(archive: impl Read, root: &Root, special: &dyn SpecialNames) -> Result<Unpacked> {
    let mut unpacked = Unpacked::default();
    let mut folders = Vec::new();
    let mut archive = Archive::new(archive);
    for entry in archive.entries().context("this is no tar archive")? {
        let mut entry = entry.context("the archive is damaged, or ends too early")?;
        if entry.header().entry_type() == EntryType::XGlobalHeader {
            continue; // about the archive itself: `git archive` writes its commit there
        }
        let name = clean(&entry.path().context("an entry's name can't be read")?)?;
        let Some(name) = name else { continue };
        unpacked.entries += 1;
        unpacked.bytes += entry.size();
        ensure!(unpacked.entries <= MOST_ENTRIES, "more than {MOST_ENTRIES} entries");
        ensure!(unpacked.bytes <= MOST_BYTES, "more than {} GB", MOST_BYTES >> 30);
        let (parent, last) = root.parent(&name)?;
        if special.take(parent.as_fd(), &last).with_context(|| format!("cannot take {}", name.display()))? {
            continue;
        }
        let made = make(&mut entry, &name, root).with_context(|| format!("cannot unpack {}", name.display()))?;
        unpacked.left_out += u64::from(!made);
        if entry.header().entry_type() == EntryType::Directory {
            folders.push((name, mode_of(&entry)?));
        }
    }
    ensure!(unpacked.entries > 0, "the archive is empty");
    // Last, and from below: a folder without write permission could not be filled.
    for (name, mode) in folders.into_iter().rev() {
        let (parent, last) = root.parent(&name)?;
        // It may have been replaced by something else since.
        if is_folder(&parent, &last) {
            fchmodat(&parent, &last, mode, FchmodatFlags::NoFollowSymlink)
                .with_context(|| format!("cannot set the permissions of {}", name.display()))?;
        }
    }
    Ok(unpacked)
}

// ANCHOR: clean
/// An entry's name as a path below the root, or `None` for the root itself. A name that climbs is refused: an honest
/// archive has none.
fn clean(name: &Path) -> Result<Option<PathBuf>> {
    let mut cleaned = PathBuf::from("/");
    for part in name.components() {
        match part {
            Component::Normal(part) => cleaned.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => bail!("the name {} leads upwards", name.display()),
        }
    }
    Ok((cleaned != Path::new("/")).then_some(cleaned))
}
// ANCHOR_END: clean

/// Makes one entry; `false` when it is of a kind that is left out.
fn make<R: Read>(entry: &mut Entry<'_, R>, name: &Path, root: &Root) -> Result<bool> {
    let kind = entry.header().entry_type();
    let (parent, last) = root.parent(name)?;
    match kind {
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
            io::copy(entry, &mut file)?;
            own(&parent, &last, entry)?;
            nix::sys::stat::fchmod(file.as_fd(), mode_of(entry)?)?;
            return Ok(true);
        }
        EntryType::Symlink => {
            // Its target may be anything: whoever follows it later does so inside the root.
            let target = entry.link_name()?.context("a link without a target")?.into_owned();
            make_way(&parent, &last)?;
            symlinkat(&target, &parent, &last)?;
        }
        EntryType::Link => {
            let target = entry.link_name()?.context("a hard link without a target")?.into_owned();
            let target = clean(&target)?.context("a hard link to the root")?;
            let (target_parent, target_last) = root.parent(&target)?;
            make_way(&parent, &last)?;
            linkat(&target_parent, &target_last, &parent, &last, AtFlags::empty())
                .with_context(|| format!("a hard link to {}", target.display()))?;
            return Ok(true);
        }
        EntryType::Char | EntryType::Block | EntryType::Fifo => return Ok(false),
        // Headers about other entries are taken by the library; what is left means nothing to us.
        _ => return Ok(false),
    }
    own(&parent, &last, entry)?;
    Ok(true)
}

fn is_folder(parent: &OwnedFd, name: &Path) -> bool {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(parent, name, flags, Mode::empty()).is_ok()
}

// ANCHOR: make_way
/// A later entry of the same name replaces an earlier one. A folder gives way only when it is empty.
fn make_way(parent: impl AsFd, name: &Path) -> Result<()> {
    match unlinkat(parent.as_fd(), name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(Errno::EISDIR) => {
            unlinkat(parent.as_fd(), name, UnlinkatFlags::RemoveDir).context("it replaces a folder that is not empty")
        }
        Err(errno) => Err(errno.into()),
    }
}
// ANCHOR_END: make_way

/// Removes what is there under a name in a directory, with all that is in it. Links are removed, never followed.
pub fn remove_entry(directory: BorrowedFd<'_>, name: &Path) -> Result<()> {
    match unlinkat(directory, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => return Ok(()),
        Err(Errno::EISDIR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let inner = openat(directory, name, flags, Mode::empty())?;
    let mut entries = nix::dir::Dir::from_fd(inner.try_clone()?)?;
    for entry in entries.iter() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            remove_entry(inner.as_fd(), Path::new(name))?;
        }
    }
    Ok(unlinkat(directory, name, UnlinkatFlags::RemoveDir)?)
}

fn mode_of<R: Read>(entry: &Entry<'_, R>) -> Result<Mode> {
    // A file of an ordinary user's must not become set-user-ID to them.
    let kept = if Uid::effective().is_root() { 0o7777 } else { 0o1777 };
    Ok(Mode::from_bits_truncate(entry.header().mode().context("a mode that is no number")? & kept))
}

/// Only root can give files away; for others all of them belong to whoever unpacks, who is root inside.
fn own<R: Read>(parent: &OwnedFd, name: &Path, entry: &Entry<'_, R>) -> Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let (uid, gid) = (entry.header().uid()? as u32, entry.header().gid()? as u32);
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    fchownat(parent, name, uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW).context("chown")
}

#[cfg(test)]
mod tests;
