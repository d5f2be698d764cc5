//! A root file system from a tar archive that may be hostile: what `docker export` writes, or
//! anybody.
//!
//! Names in an archive are somebody else's: `../../etc/passwd`, `/etc/passwd`, a link to `/` and
//! then a file through it, a hard link to the host's /etc/shadow. So every entry is made relative
//! to a descriptor, looked up inside the root (see [`rooted`](crate::rooted)), and nothing that is
//! there already is written *through*: it is removed first.
//!
//! Sizes and numbers are somebody else's, too: see `archive.rs`.

mod archive;
mod make;
mod pax;
mod sparse;
mod special;

use std::fmt;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ch01_namespaces::Privilege;
use nix::sys::stat::{FchmodatFlags, fchmodat};
use tar::EntryType;

use crate::rooted::Root;
pub use archive::{Archive, Member};
use make::{Made, is_directory, make, mode_of, set_modified};
pub use special::{NoSpecialNames, SpecialNames, remove_entry};

/// What may be unpacked, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// More entries are a mistake or an attack.
    pub most_entries: u64,
    /// And so are more bytes. (Holes in files cost no disk and don't count.)
    pub most_bytes: u64,
    /// Whether files belong to whom the archive says, with set-user-ID bits and file capabilities. Only
    /// root, of the machine or of a user namespace, can give files away; for others all of them belong
    /// to whoever unpacks, who is root inside.
    pub keep_owners: bool,
    /// Which files that are no files are made.
    pub special_files: SpecialFiles,
    /// Whether an entry may take the place of a directory that is not empty: a layer replaces what is
    /// below it.
    pub replace_directories: bool,
    /// Whether it may stop after a member without the mark of its end. That is also what an archive
    /// looks like that was cut there, so it is only for streams whose end is known otherwise.
    pub may_lack_its_end: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            most_entries: 1_000_000,
            most_bytes: 20 << 30,
            keep_owners: Privilege::current().is_root(),
            special_files: SpecialFiles::LeftOut,
            replace_directories: false,
            may_lack_its_end: false,
        }
    }
}

/// Fifos and device nodes. (Archives have no sockets.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecialFiles {
    /// None: a container's /dev is made anew.
    LeftOut,
    /// Fifos: in a user namespace nobody makes devices.
    Fifos,
    /// Devices as well.
    All,
}

impl SpecialFiles {
    /// All that this process may make.
    pub fn as_allowed() -> SpecialFiles {
        if crate::powers::over_the_machine() { SpecialFiles::All } else { SpecialFiles::Fifos }
    }
}

/// The names of directories are remembered to the end, for their permissions and times.
const MOST_REMEMBERED: u64 = 64 << 20;

/// What was unpacked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Files, directories and links.
    pub entries: u64,
    /// Bytes in files.
    pub bytes: u64,
    /// Device nodes and fifos that were left out: see [`SpecialFiles`].
    pub left_out: u64,
    /// Entries whose owner is not mapped here: they belong to whoever unpacks, and lost their
    /// set-user-ID bits.
    pub owners_lost: u64,
}

impl fmt::Display for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries, {:.1} MB", self.entries, self.bytes as f64 / 1e6)?;
        if self.left_out > 0 {
            write!(f, "; {} device nodes and the like left out", self.left_out)?;
        }
        if self.owners_lost > 0 {
            write!(f, "; {} entries belong to ids that are not mapped here, and became yours", self.owners_lost)?;
        }
        Ok(())
    }
}

/// Unpacks into `directory`, which must be empty or not be there. On an error everything unpacked
/// is removed again.
pub fn import(archive: impl Read, directory: &Path) -> Result<Unpacked> {
    let was_there = directory.is_dir();
    if was_there {
        ensure!(
            directory.read_dir()?.next().is_none(),
            "{} is not empty: unpack into a directory of its own",
            directory.display()
        );
    } else {
        std::fs::create_dir(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let unpacked =
        unpack(archive, &Root::open(directory)?, &NoSpecialNames, &Options::default()).and_then(|unpacked| {
            // An empty layer is one; an empty root file system is a mistake.
            ensure!(unpacked.entries > 0, "the archive is empty");
            Ok(unpacked)
        });
    if unpacked.is_err() {
        // It was empty before; what is in it is ours. (Neither call follows links.)
        for entry in directory.read_dir()?.flatten() {
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let _ =
                if is_directory { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        }
        if !was_there {
            let _ = std::fs::remove_dir(directory);
        }
    }
    unpacked
}

/// Unpacks into a root that is there: what is in it is replaced, entry by entry.
pub fn unpack(archive: impl Read, root: &Root, special: &dyn SpecialNames, options: &Options) -> Result<Unpacked> {
    let mut unpacked = Unpacked::default();
    let (mut directories, mut remembered) = (Vec::new(), 0);
    let mut root_entry = None;
    // The directory of the last file. Archives go from directory to directory, and looking it up takes
    // three of a file's nine system calls. Only a file in it comes between, which can't move it.
    let mut same_directory: Option<(PathBuf, OwnedFd)> = None;
    let mut archive = Archive::new(archive).may_lack_its_end(options.may_lack_its_end);
    while let Some(mut member) = archive.next_member()? {
        let Some(name) = clean(&member.name)? else {
            root_entry = (member.kind == EntryType::Directory).then_some(member).or(root_entry);
            continue;
        };
        unpacked.count(&member, options)?;
        let directory = name.parent().unwrap_or(Path::new("/"));
        let directory = special.reach(directory).with_context(|| format!("cannot reach {}", name.display()))?;
        let name = name.file_name().map_or(name.clone(), |last| directory.join(last));
        let known = same_directory.take().filter(|(path, _)| *path == directory).map(|(_, descriptor)| descriptor);
        let (parent, last) = match (known, name.file_name()) {
            (Some(parent), Some(last)) => (parent, PathBuf::from(last)),
            _ => root.parent(&name)?,
        };
        if special.take(parent.as_fd(), &last).with_context(|| format!("cannot take {}", name.display()))? {
            continue;
        }
        if member.kind == EntryType::Link
            && let Some(target) = member.target.as_deref().map(clean).transpose()?.flatten()
        {
            member.target = Some(special.link_target(&target)?);
        }
        let made = make(&mut archive, &member, (&parent, &last), root, options)
            .and_then(|made| special.made(parent.as_fd(), &last, member.kind == EntryType::Directory).map(|()| made));
        match made.with_context(|| format!("cannot unpack {}", name.display()))? {
            Made::Whole => {}
            Made::WithoutOwner => unpacked.owners_lost += 1,
            Made::LeftOut => unpacked.left_out += 1,
        }
        if member.kind == EntryType::Directory {
            remembered += name.as_os_str().len() as u64;
            ensure!(remembered <= MOST_REMEMBERED, "the names of directories take more than {MOST_REMEMBERED} bytes");
            directories.push((name, mode_of(&member, options), member.modified));
        } else if member.kind == EntryType::Regular {
            same_directory = Some((directory, parent));
        }
    }
    // Last, and from below: a directory without write permission could not be filled, and filling one
    // changes its time.
    for (name, mode, modified) in directories.into_iter().rev() {
        let (parent, last) = root.parent(&name)?;
        // It may have been replaced by something else since.
        if is_directory(&parent, &last) {
            fchmodat(&parent, &last, mode, FchmodatFlags::NoFollowSymlink)
                .with_context(|| format!("cannot set the permissions of {}", name.display()))?;
            set_modified(&parent, &last, modified)?;
        }
    }
    if let Some(member) = root_entry {
        let (directory, itself) = (root.directory(Path::new("/"))?, Path::new("."));
        let made = make(&mut archive, &member, (&directory, itself), root, options);
        unpacked.owners_lost += u64::from(made.context("cannot give the root its owner")? == Made::WithoutOwner);
        fchmodat(&directory, itself, mode_of(&member, options), FchmodatFlags::NoFollowSymlink)
            .context("cannot set the permissions of the root")?;
        set_modified(&directory, itself, member.modified)?;
    }
    Ok(unpacked)
}

impl Unpacked {
    /// Counts a member before anything of it is written.
    fn count(&mut self, member: &Member, options: &Options) -> Result<()> {
        self.entries += 1;
        ensure!(self.entries <= options.most_entries, "more than {} entries", options.most_entries);
        // Each chunk lies in a file, whose size is a number of 63 bits; and a sum of such was
        // checked.
        let stored = member.layout.chunks.iter().map(|chunk| chunk.length).sum();
        let bytes = self.bytes.checked_add(stored).filter(|bytes| *bytes <= options.most_bytes);
        self.bytes = bytes.with_context(|| format!("more than {:.1} GB", options.most_bytes as f64 / 1e9))?;
        Ok(())
    }
}

// ANCHOR: clean
/// An entry's name as a path below the root, or `None` for the root itself (`./`). A name that
/// climbs is refused: an honest archive has none.
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

#[cfg(test)]
mod tests;
