//! Changes as an archive: what `layer export` prints, and what `commit` makes a layer of.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::sys::stat::{FileStat, SFlag, major, minor};
use tar::{Builder, EntryType, Header};

use super::whiteouts::PREFIX;
use crate::changes::{Change, Kind};
use crate::directory::{Directory, kind};

/// Writes an archive of changes, whose files are below `content`. The same changes give the same
/// bytes: entries are sorted, times are whole seconds, names of users are left out.
pub fn write(content: &Path, changes: &[Change], out: impl Write) -> Result<()> {
    let mut archive = Builder::new(out);
    let (mut links, mut last) = (HashMap::new(), None);
    for change in changes {
        let name = change.path.strip_prefix("/").unwrap_or(&change.path);
        refuse_reserved(change)?;
        let written = match change.kind {
            Kind::Deleted => write_whiteout(&mut archive, name),
            Kind::Added | Kind::Changed => find(content, name, &mut last).and_then(|found| match found {
                Some((directory, last)) => write_found(&mut archive, directory, &last, name, &mut links),
                None => Ok(()),
            }),
        };
        written.with_context(|| format!("cannot archive {}", change.path.display()))?;
    }
    archive.into_inner().and_then(|mut out| out.flush()).context("cannot write the archive")
}

/// A file whose name would mean a deletion to whoever unpacks the layer.
fn refuse_reserved(change: &Change) -> Result<()> {
    let is_reserved = change.path.file_name().is_some_and(|name| name.as_bytes().starts_with(PREFIX.as_bytes()));
    ensure!(
        !is_reserved || change.kind == Kind::Deleted,
        "a layer can't contain {}\n\
         cause: in a layer's archive, names that begin with {PREFIX} mean that something is deleted (OCI image-spec)\n\
         cure: rename or remove the file in the container",
        change.path.display()
    );
    Ok(())
}

/// An archive of entries, one by one: a file with several names is in it once.
pub struct ArchiveWriter<W: Write> {
    archive: Builder<W>,
    links: HashMap<(u64, u64), PathBuf>,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins one.
    pub fn new(out: W) -> ArchiveWriter<W> {
        ArchiveWriter { archive: Builder::new(out), links: HashMap::new() }
    }

    /// Adds what is in a directory under a name, as `place`.
    pub fn entry(&mut self, directory: &Directory, name: &OsStr, place: &Path) -> Result<()> {
        write_found(&mut self.archive, directory, name, place, &mut self.links)
    }

    /// Ends it.
    pub fn finish(self) -> Result<()> {
        self.archive.into_inner().and_then(|mut out| out.flush()).context("cannot write the archive")
    }
}

fn write_whiteout(archive: &mut Builder<impl Write>, name: &Path) -> Result<()> {
    let last = name.file_name().context("no name")?;
    let mut whiteout = OsString::from(PREFIX);
    whiteout.push(last);
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(0);
    header.set_mode(0o644);
    // The library leaves these fields empty, which is not a number.
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    Ok(archive.append_data(&mut header, name.with_file_name(whiteout), io::empty())?)
}

fn write_found(
    archive: &mut Builder<impl Write>,
    directory: &Directory,
    last: &OsStr,
    name: &Path,
    links: &mut HashMap<(u64, u64), PathBuf>,
) -> Result<()> {
    // A running container may have removed it since.
    let Some(stat) = directory.stat(last)? else { return Ok(()) };
    let mut header = header_of(&stat);
    match kind(&stat) {
        SFlag::S_IFDIR => {
            write_attributes(archive, directory, last)?;
            header.set_entry_type(EntryType::Directory);
            // A directory's name ends with a slash: tar(5).
            archive.append_data(&mut header, name.join(""), io::empty())?;
        }
        SFlag::S_IFLNK => {
            let Some(target) = directory.read_link(last)? else { return Ok(()) };
            header.set_entry_type(EntryType::Symlink);
            archive.append_link(&mut header, name, target)?;
        }
        SFlag::S_IFREG => {
            if let Some(first) = links.get(&(stat.st_dev, stat.st_ino)) {
                header.set_entry_type(EntryType::Link);
                return Ok(archive.append_link(&mut header, name, first)?);
            }
            // First, since the attributes that are written next belong to whatever follows them.
            let Some(file) = directory.open_file(last)? else { return Ok(()) };
            if stat.st_nlink > 1 {
                links.insert((stat.st_dev, stat.st_ino), name.into());
            }
            write_attributes(archive, directory, last)?;
            header.set_size(stat.st_size as u64);
            // A file that grows or shrinks meanwhile: exactly as much as the header promises.
            archive.append_data(&mut header, name, file.chain(io::repeat(0)).take(stat.st_size as u64))?;
        }
        SFlag::S_IFIFO => {
            header.set_entry_type(EntryType::Fifo);
            archive.append_data(&mut header, name, io::empty())?;
        }
        device @ (SFlag::S_IFCHR | SFlag::S_IFBLK) => {
            header.set_entry_type(if device == SFlag::S_IFCHR { EntryType::Char } else { EntryType::Block });
            header.set_device_major(major(stat.st_rdev) as u32)?;
            header.set_device_minor(minor(stat.st_rdev) as u32)?;
            archive.append_data(&mut header, name, io::empty())?;
        }
        // A socket means nothing without the process that listens on it.
        _ => {}
    }
    Ok(())
}

/// The directory that a path is in, from descriptor to descriptor; `None` when it is gone, or
/// something else by now. The last one is kept, to go on from there: changes are sorted, and from
/// the root each time, deep ones would take the square of their depth.
fn find<'a>(
    content: &Path,
    name: &Path,
    last: &'a mut Option<(PathBuf, Directory)>,
) -> Result<Option<(&'a Directory, OsString)>> {
    let parent = name.parent().unwrap_or(Path::new(""));
    let known = last.take().filter(|(path, _)| parent.starts_with(path));
    let (path, mut directory) = match known {
        Some(known) => known,
        None => (PathBuf::new(), Directory::open(content)?),
    };
    for part in parent.strip_prefix(&path)?.components() {
        let Component::Normal(part) = part else { return Ok(None) };
        match directory.child(part)? {
            Some(child) => directory = child,
            None => return Ok(None),
        }
    }
    let (_, directory) = last.insert((parent.into(), directory));
    Ok(name.file_name().map(|name| (&*directory, name.to_os_string())))
}

fn header_of(stat: &FileStat) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(stat.st_mode & 0o7777);
    header.set_uid(stat.st_uid.into());
    header.set_gid(stat.st_gid.into());
    header.set_mtime(stat.st_mtime.max(0) as u64);
    header.set_size(0);
    header
}

/// Attributes go in front of the entry, as pax records `SCHILY.xattr.NAME`: what GNU tar and Docker
/// write.
fn write_attributes(archive: &mut Builder<impl Write>, directory: &Directory, name: &OsStr) -> Result<()> {
    let attributes = directory.attributes(name)?;
    // Labels of a security module are the machine's, not the image's.
    let attributes = attributes.iter().filter(|(key, _)| key.as_bytes() != b"security.selinux");
    let keys: Vec<_> =
        attributes.map(|(key, value)| (format!("SCHILY.xattr.{}", key.to_string_lossy()), value.as_slice())).collect();
    if keys.is_empty() {
        return Ok(());
    }
    Ok(archive.append_pax_extensions(keys.iter().map(|(key, value)| (key.as_str(), *value)))?)
}
