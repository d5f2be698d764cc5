//! Archives for tests, honest ones and others: names are written as they are.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::Result;
use tar::{Builder, EntryType, Header};

/// When everything in it was modified.
pub const TIME: u64 = 1_000_000_000;

/// An archive that grows.
pub struct Archive(Builder<Vec<u8>>);

impl Archive {
    pub fn new() -> Archive {
        Archive(Builder::new(Vec::new()))
    }

    /// Of a directory's content: everything is root's, and of one time.
    pub fn of_directory(directory: &Path) -> Result<Vec<u8>> {
        let mut archive = Archive::new();
        archive = add_directory(archive, directory, "")?;
        Ok(archive.end())
    }

    pub fn entry(mut self, kind: EntryType, name: &str, target: &str, data: &[u8], mode: u32) -> Archive {
        let mut header = Header::new_gnu();
        let bytes = header.as_mut_bytes();
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        bytes[157..157 + target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_size(data.len() as u64);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(TIME);
        header.set_cksum();
        self.0.append(&header, data).expect("memory");
        self
    }

    pub fn directory(self, name: &str) -> Archive {
        self.entry(EntryType::Directory, name, "", b"", 0o755)
    }

    pub fn file(self, name: &str, text: &str) -> Archive {
        self.entry(EntryType::Regular, name, "", text.as_bytes(), 0o644)
    }

    pub fn link(self, name: &str, target: &str) -> Archive {
        self.entry(EntryType::Symlink, name, target, b"", 0o777)
    }

    pub fn hard_link(self, name: &str, target: &str) -> Archive {
        self.entry(EntryType::Link, name, target, b"", 0o644)
    }

    /// Of an owner, by number.
    pub fn owned_by(mut self, name: &str, uid: u64, mode: u32) -> Archive {
        let mut header = Header::new_gnu();
        header.set_path(name).expect("a short name");
        header.set_uid(uid);
        header.set_gid(uid);
        header.set_mode(mode);
        header.set_mtime(TIME);
        header.set_size(0);
        header.set_cksum();
        self.0.append(&header, &b""[..]).expect("memory");
        self
    }

    pub fn device(mut self, kind: EntryType, name: &str, major: u32, minor: u32) -> Archive {
        let mut header = Header::new_gnu();
        header.set_path(name).expect("a short name");
        header.set_entry_type(kind);
        header.set_device_major(major).expect("gnu");
        header.set_device_minor(minor).expect("gnu");
        header.set_uid(0);
        header.set_gid(0);
        header.set_mode(0o666);
        header.set_mtime(TIME);
        header.set_size(0);
        header.set_cksum();
        self.0.append(&header, &b""[..]).expect("memory");
        self
    }

    /// A directory whose name fits no header.
    pub fn long(mut self, name: &str) -> Archive {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mode(0o755);
        header.set_mtime(TIME);
        header.set_size(0);
        self.0.append_data(&mut header, name, &b""[..]).expect("memory");
        self
    }

    /// An attribute of the next entry.
    pub fn attribute(mut self, key: &str, value: &str) -> Archive {
        self.0.append_pax_extensions([(format!("SCHILY.xattr.{key}").as_str(), value.as_bytes())]).expect("memory");
        self
    }

    pub fn end(self) -> Vec<u8> {
        self.0.into_inner().expect("memory")
    }
}

fn add_directory(mut archive: Archive, directory: &Path, below: &str) -> Result<Archive> {
    let mut entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        let meta = entry.path().symlink_metadata()?;
        archive = if meta.is_dir() {
            let made = archive.entry(EntryType::Directory, &format!("{name}/"), "", b"", meta.mode() & 0o7777);
            add_directory(made, &entry.path(), &format!("{name}/"))?
        } else if meta.is_symlink() {
            archive.link(&name, &fs::read_link(entry.path())?.to_string_lossy())
        } else if meta.file_type().is_fifo() {
            archive.entry(EntryType::Fifo, &name, "", b"", 0o644)
        } else {
            archive.entry(EntryType::Regular, &name, "", &fs::read(entry.path())?, meta.mode() & 0o7777)
        };
    }
    Ok(archive)
}
