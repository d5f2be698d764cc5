//! A copy that nobody can tell from the original: content and holes,
//! owners, modes, times to the nanosecond, attributes, hard links, devices.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, UtimensatFlags, fchmodat, mkdirat, mknodat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, Whence, fchownat, linkat, lseek, symlinkat};

use crate::directory::{Directory, MOST_LEVELS, kind};
use crate::sys;

/// Copies files, and knows where it copied one with several names to: by device and inode.
#[derive(Default)]
pub(crate) struct Copier {
    depth: usize,
    copied: HashMap<(u64, u64), (Directory, OsString)>,
}

/// Copies what is in one directory into another, which is empty.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (Directory::open(from)?, Directory::open(to)?);
    Copier::default().copy_entries(&from, &to)?;
    set_times(&to, OsStr::new("."), &from.own_stat()?)
}

impl Copier {
    fn copy_entries(&mut self, from: &Directory, to: &Directory) -> Result<()> {
        for name in from.names()? {
            let Some(stat) = from.stat(&name)? else { continue };
            let copied = self.copy_entry(from, to, &name, &stat);
            // Of a directory, only its own entry is named, and not each one on the way down.
            let is_named = kind(&stat) != SFlag::S_IFDIR;
            copied.map_err(
                |error| if is_named { error.context(format!("cannot copy {}", name.display())) } else { error },
            )?;
        }
        Ok(())
    }

    /// Goes one level down, but no deeper than a path can be: see [`check_depth`].
    ///
    /// [`check_depth`]: crate::directory::check_depth
    pub(crate) fn deeper<T>(&mut self, act: impl FnOnce(&mut Copier) -> Result<T>) -> Result<T> {
        ensure!(self.depth < MOST_LEVELS, "directories are nested deeper than {MOST_LEVELS} levels");
        self.depth += 1;
        let done = act(self);
        self.depth -= 1;
        done
    }

    /// Copies one entry, with all below it.
    pub(crate) fn copy_entry(&mut self, from: &Directory, to: &Directory, name: &OsStr, stat: &FileStat) -> Result<()> {
        let identity = (stat.st_dev, stat.st_ino);
        let has_names = kind(stat) != SFlag::S_IFDIR && stat.st_nlink > 1;
        if has_names && let Some((directory, first)) = self.copied.get(&identity) {
            return Ok(linkat(directory, first.as_os_str(), to, name, AtFlags::empty())?);
        }
        match kind(stat) {
            SFlag::S_IFDIR => {
                let inner = self.make_directory(to, name)?;
                if let Some(from) = from.child(name)? {
                    self.deeper(|copier| copier.copy_entries(&from, &inner))?;
                }
            }
            SFlag::S_IFREG => copy_content(from, to, name)?,
            SFlag::S_IFLNK => {
                let target = from.read_link(name)?.context("it was exchanged")?;
                symlinkat(target.as_os_str(), to, name)?;
            }
            // Sockets, fifos, devices. (In a user namespace devices can't be made; nor could they have been
            // imported there.)
            kind => mknodat(to, name, kind, Mode::S_IRUSR | Mode::S_IWUSR, stat.st_rdev)?,
        }
        set_owner_and_mode(to, name, stat)?;
        for (key, value) in from.attributes(name)? {
            sys::set_attribute(to.as_fd(), name, &key, &value)
                .with_context(|| format!("attribute {}", key.display()))?;
        }
        set_times(to, name, stat)?;
        if has_names {
            self.copied.insert(identity, (to.again()?, name.into()));
        }
        Ok(())
    }

    /// Makes a directory, to be filled.
    pub(crate) fn make_directory(&self, to: &Directory, name: &OsStr) -> Result<Directory> {
        mkdirat(to, name, Mode::S_IRWXU)?;
        to.child(name)?.context("a directory made a moment ago is gone")
    }

    /// What a directory gets when it is filled.
    pub(crate) fn set_directory(&self, to: &Directory, name: &OsStr, stat: &FileStat) -> Result<()> {
        set_owner_and_mode(to, name, stat)?;
        set_times(to, name, stat)
    }
}

fn set_owner_and_mode(to: &Directory, name: &OsStr, stat: &FileStat) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    fchownat(to, name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW).context("chown")?;
    if kind(stat) != SFlag::S_IFLNK {
        // After chown, which takes set-user-ID bits away; before attributes, among which are file
        // capabilities.
        let mode = Mode::from_bits_truncate(stat.st_mode & 0o7777);
        fchmodat(to, name, mode, FchmodatFlags::FollowSymlink).context("chmod")?;
    }
    Ok(())
}

fn copy_content(from: &Directory, to: &Directory, name: &OsStr) -> Result<()> {
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut target = File::from(openat(to, name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?);
    let mut source = from.open_file(name)?.context("it was exchanged")?;
    let length = source.metadata()?.len();
    target.set_len(length)?;
    let mut end = 0;
    while let Some(start) = next(&source, end, Whence::SeekData)? {
        end = next(&source, start, Whence::SeekHole)?.unwrap_or(length);
        source.seek(SeekFrom::Start(start))?;
        target.seek(SeekFrom::Start(start))?;
        // copy_file_range(2): shares blocks where the file system can.
        std::io::copy(&mut (&mut source).take(end - start), &mut target)?;
    }
    Ok(())
}

/// Where data or a hole begins at or after a place: lseek(2). `None` after the last data.
fn next(file: &File, after: u64, what: Whence) -> Result<Option<u64>> {
    match lseek(file, i64::try_from(after)?, what) {
        Ok(place) => Ok(Some(u64::try_from(place)?)),
        Err(Errno::ENXIO) => Ok(None),
        Err(error) => Err(error).context("lseek"),
    }
}

fn set_times(directory: &Directory, name: &OsStr, stat: &FileStat) -> Result<()> {
    let time = TimeSpec::new(stat.st_mtime, stat.st_mtime_nsec);
    let access = TimeSpec::new(stat.st_atime, stat.st_atime_nsec);
    utimensat(directory, name, &access, &time, UtimensatFlags::NoFollowSymlink).context("set the time of change")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileExt, MetadataExt};

    #[test]
    fn holes_stay_holes_and_the_content_is_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        [&from, &to].iter().for_each(|directory| std::fs::create_dir(directory).unwrap());
        let file = |name: &str, length: u64, data: &[u64]| {
            let file = File::create(from.join(name)).unwrap();
            file.set_len(length).unwrap();
            data.iter().for_each(|place| file.write_all_at(b"data", *place).unwrap());
        };
        file("between", 9 << 20, &[0, 4 << 20, (9 << 20) - 4]);
        file("around", 5_000_001, &[2_000_000]);
        file("nothing", 3 << 20, &[]);
        file("empty", 0, &[]);
        file("full", 4, &[0]);
        copy(&from, &to).unwrap();
        for name in ["between", "around", "nothing", "empty", "full"] {
            let both = [from.join(name), to.join(name)];
            let [old, new] = both.each_ref().map(|path| std::fs::read(path).unwrap());
            assert!(old == new, "{name} has other content");
            let [old, new] = both.map(|path| path.metadata().unwrap().blocks());
            assert!(new <= old, "{name} takes {new} blocks, and the original {old}");
        }
    }
}
