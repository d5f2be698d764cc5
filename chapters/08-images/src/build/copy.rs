//! COPY and ADD: files of the context become a layer.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use ch02_rootfs::import::{Archive, Member, Options};
use ch04_unionfs::archive::decompress;
use ch04_unionfs::digest::{Digest, Hasher};
use parse_dockerfile::Span;
use tar::{Builder, EntryType, Header};

use super::context::Context;
use super::place::At as _;

/// What is copied, and where to.
pub struct Copy<'a> {
    /// Where from.
    pub context: &'a Context,
    /// Names or patterns, and where they stand in the Dockerfile.
    pub sources: Vec<(String, Span)>,
    /// Where to, absolute. With a slash at its end it is a directory.
    pub target: String,
    /// Whether there is a directory at the target already.
    pub is_directory: bool,
    /// Whose the files are.
    pub owner: Option<(u32, u32)>,
    /// Their mode; as they are if not given.
    pub mode: Option<u32>,
    /// Whether archives are unpacked: ADD.
    pub unpacks: bool,
}

/// A layer's archive, and the digest that a cache goes by.
pub struct Copied {
    /// The archive.
    pub file: File,
    /// Names, modes, owners and content, without times: the same files checked out again give the same.
    pub checksum: Digest,
}

struct Out<'a> {
    context: &'a Context,
    archive: Builder<File>,
    entries: u64,
    bytes: u64,
    hasher: Hasher,
    owner: Option<(u32, u32)>,
    mode: Option<u32>,
}

// ANCHOR: copy
impl Copy<'_> {
    /// Makes the layer's archive.
    pub fn archive(&self) -> Result<Copied> {
        let file = tempfile::tempfile().context("cannot make a temporary file")?;
        let (context, owner, mode) = (self.context, self.owner, self.mode);
        let archive = Builder::new(file);
        let mut out = Out { context, archive, entries: 0, bytes: 0, hasher: Hasher::default(), owner, mode };
        let mut found = Vec::new();
        for (source, place) in &self.sources {
            found.extend(self.find(source).at(place)?);
        }
        let into_directory = self.target.ends_with('/') || self.is_directory || found.len() > 1;
        ensure!(
            found.len() == 1 || self.target.ends_with('/') || self.is_directory,
            "when copying more than one source, the destination must be a directory and end with a /: {}",
            self.target
        );
        let target = self.target.trim_matches('/').to_string();
        for (path, name) in found {
            let meta = fs::symlink_metadata(&path)?;
            if meta.is_dir() {
                // Of a directory the content is copied, not the directory itself.
                self.directory(&mut out, &path, &name, &target)?;
                continue;
            }
            let archive = if self.unpacks { self.archive_in(&path)? } else { None };
            if let Some(archive) = archive {
                out.unpack(archive, &target)?;
                continue;
            }
            let last = Path::new(&name).file_name().context("a source without a name")?.to_string_lossy().into_owned();
            let place = if into_directory { join(&target, &last) } else { target.clone() };
            ensure!(!place.is_empty(), "the destination {} has no name for {name}", self.target);
            out.entry(&path, &place)?;
        }
        let mut file = out.archive.into_inner()?;
        file.rewind()?;
        Ok(Copied { file, checksum: out.hasher.digest() })
    }

    fn find(&self, source: &str) -> Result<Vec<(PathBuf, String)>> {
        ensure!(!source.contains("://"), "{source}: ADD of a URL is not supported\ncure: fetch it in a RUN step");
        self.context.find(source)
    }

    /// A file's content, if it is an archive of files.
    fn archive_in(&self, path: &Path) -> Result<Option<Box<dyn Read>>> {
        let open = || -> Result<Box<dyn Read>> { Ok(Box::new(decompress(self.context.open(path)?)?)) };
        let is_archive = Archive::new(open()?).next_member().is_ok_and(|first| first.is_some());
        is_archive.then(open).transpose()
    }

    fn directory(&self, out: &mut Out<'_>, path: &Path, name: &str, target: &str) -> Result<()> {
        if !target.is_empty() && !self.is_directory {
            out.entry(path, target)?;
        }
        let mut waiting = vec![(path.to_path_buf(), name.to_string(), target.to_string())];
        while let Some((path, name, place)) = waiting.pop() {
            for (path, name) in self.context.children(&path, &name)? {
                let last = Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned();
                let place = join(&place, &last);
                let is_directory = fs::symlink_metadata(&path)?.is_dir();
                if !self.context.is_ignored(&name) {
                    out.entry(&path, &place)?;
                } else if !is_directory {
                    continue;
                }
                if is_directory && !self.context.is_ignored_whole(&name) {
                    waiting.push((path, name, place));
                }
            }
        }
        Ok(())
    }
}
// ANCHOR_END: copy

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.into() } else { format!("{directory}/{name}") }
}

impl Out<'_> {
    /// Counts an entry before anything of it is written. Here its holes count, too: a file of 16 TB
    /// without a byte in it takes no place in the context, and all of a disk in the archive.
    fn count(&mut self, bytes: u64) -> Result<()> {
        let most = Options::default();
        (self.entries, self.bytes) = (self.entries + 1, self.bytes.saturating_add(bytes));
        ensure!(self.entries <= most.most_entries, "more than {} files", most.most_entries);
        let told = || format!("more than {:.1} GB in one layer, holes in files counted", most.most_bytes as f64 / 1e9);
        ensure!(self.bytes <= most.most_bytes, told());
        Ok(())
    }

    fn entry(&mut self, path: &Path, place: &str) -> Result<()> {
        let meta = fs::symlink_metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
        let mut header = Header::new_gnu();
        let (uid, gid) = self.owner.unwrap_or((0, 0));
        header.set_uid(uid.into());
        header.set_gid(gid.into());
        header.set_mode(self.mode.unwrap_or(meta.mode() & 0o7777));
        header.set_mtime(meta.mtime().max(0) as u64);
        header.set_size(0);
        let kind = if meta.is_dir() {
            'd'
        } else if meta.is_symlink() {
            'l'
        } else {
            '-'
        };
        // How long a directory is depends on the disk, and on what was in it before.
        let length = if kind == '-' { meta.len() } else { 0 };
        self.count(length).with_context(|| format!("cannot copy {}", path.display()))?;
        let about = format!("{place}\0{kind}{:o}\0{uid}\0{gid}\0{length}\0", self.mode.unwrap_or(meta.mode() & 0o7777));
        self.hasher.update(about.as_bytes());
        let copied = match kind {
            'd' => {
                header.set_entry_type(EntryType::Directory);
                self.archive.append_data(&mut header, format!("{place}/"), io::empty())
            }
            'l' => {
                let to = fs::read_link(path)?;
                self.hasher.update(to.as_os_str().as_encoded_bytes());
                header.set_entry_type(EntryType::Symlink);
                self.archive.append_link(&mut header, place, to)
            }
            _ if meta.is_file() => {
                header.set_size(meta.len());
                // Exactly as much as the header promises, whatever the file does meanwhile.
                let file = self.context.open(path)?;
                let file = Hashed { inner: file.chain(io::repeat(0)).take(meta.len()), hasher: &mut self.hasher };
                self.archive.append_data(&mut header, place, file)
            }
            _ => bail!("{} is not a file, directory or link: it can't be copied", path.display()),
        };
        copied.with_context(|| format!("cannot copy {}", path.display()))
    }

    /// An archive's members, below the target.
    fn unpack(&mut self, archive: Box<dyn Read>, target: &str) -> Result<()> {
        let mut archive = Archive::new(archive);
        while let Some(member) = archive.next_member()? {
            let name = member.name.to_string_lossy().trim_start_matches("./").trim_start_matches('/').to_string();
            if name.is_empty() {
                continue;
            }
            ensure!(!name.split('/').any(|part| part == ".."), "the archive has a name that leads out of it: {name}");
            self.member(&mut archive, &member, &join(target, &name), target)?;
        }
        Ok(())
    }

    fn member(&mut self, from: &mut Archive<Box<dyn Read>>, member: &Member, place: &str, target: &str) -> Result<()> {
        self.count(member.size()).with_context(|| format!("cannot unpack {place}"))?;
        let mut header = Header::new_gnu();
        header.set_entry_type(member.kind);
        let (uid, gid) = self.owner.unwrap_or(member.owner);
        header.set_uid(uid.into());
        header.set_gid(gid.into());
        header.set_mode(member.mode & 0o7777);
        header.set_mtime(member.modified_seconds());
        header.set_size(0);
        let about = format!("{place}\0{:?}{:o}\0{uid}\0{gid}\0{}\0", member.kind, member.mode, member.size());
        self.hasher.update(about.as_bytes());
        self.attributes(member)?;
        match (member.kind, &member.target) {
            (EntryType::Symlink, Some(to)) => {
                self.hasher.update(to.as_os_str().as_encoded_bytes());
                self.archive.append_link(&mut header, place, to)?;
            }
            // A hard link names another member of the archive.
            (EntryType::Link, Some(to)) => {
                self.hasher.update(to.as_os_str().as_encoded_bytes());
                self.archive.append_link(&mut header, place, Path::new(target).join(to))?;
            }
            (EntryType::Directory, _) => self.archive.append_data(&mut header, format!("{place}/"), io::empty())?,
            (EntryType::Fifo, _) => self.archive.append_data(&mut header, place, io::empty())?,
            (EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse, _) => {
                // By way of a file: one with holes isn't what its data is.
                let mut whole = tempfile::tempfile().context("cannot make a temporary file")?;
                from.write_member_to(&mut whole, member)?;
                whole.rewind()?;
                header.set_entry_type(EntryType::Regular);
                header.set_size(member.size());
                self.archive.append_data(&mut header, place, Hashed { inner: whole, hasher: &mut self.hasher })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A file's capabilities and attributes, in a header of their own.
    fn attributes(&mut self, member: &Member) -> Result<()> {
        let named =
            member.attributes.iter().map(|(name, value)| (name.to_string_lossy().into_owned(), value.as_slice()));
        let capability = member.capability.as_deref().map(|value| ("security.capability".to_string(), value));
        let all: Vec<(String, &[u8])> =
            named.chain(capability).map(|(name, value)| (format!("SCHILY.xattr.{name}"), value)).collect();
        for (name, value) in &all {
            self.hasher.update(name.as_bytes());
            self.hasher.update(value);
        }
        if all.is_empty() {
            return Ok(());
        }
        let records = all.iter().map(|(name, value)| (name.as_str(), *value));
        self.archive.append_pax_extensions(records).context("cannot write a header")
    }
}

struct Hashed<'a, R> {
    inner: R,
    hasher: &'a mut Hasher,
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        Ok(length)
    }
}
