//! What is in a directory, so that two programs' idea of one image can be compared.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// One file of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As `ls -l` writes it: `-`, `d`, `l`, `c`, `b`, `p`.
    pub kind: char,
    /// Permissions, with the set-ID and sticky bits.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// When it was modified: seconds and nanoseconds.
    pub modified: (i64, i64),
    /// A device's number.
    pub device: u64,
    /// A file's length and digest, where it may be read.
    pub content: Option<(u64, String)>,
    /// A link's target.
    pub target: Option<PathBuf>,
    /// Extended attributes.
    pub attributes: BTreeMap<OsString, Vec<u8>>,
    /// The first of the names that this file has.
    pub first_name: PathBuf,
}

/// All files below a directory by their paths.
pub type Tree = BTreeMap<PathBuf, Entry>;

/// Reads a directory, except what is below some paths.
pub fn read(root: &Path, except: &[&str]) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut first_names = BTreeMap::new();
    let mut queue = vec![PathBuf::new()];
    while let Some(path) = queue.pop() {
        let place = root.join(&path);
        let about = || place.display().to_string();
        let metadata = fs::symlink_metadata(&place).with_context(about)?;
        if metadata.is_dir() {
            let names = fs::read_dir(&place).with_context(about)?.map(|entry| Ok(path.join(entry?.file_name())));
            queue.extend(
                names
                    .collect::<Result<Vec<_>>>()?
                    .into_iter()
                    .filter(|name| !except.iter().any(|no| name == Path::new(no))),
            );
        }
        let kind = match metadata.file_type() {
            kind if kind.is_dir() => 'd',
            kind if kind.is_symlink() => 'l',
            kind if kind.is_char_device() => 'c',
            kind if kind.is_block_device() => 'b',
            kind if kind.is_fifo() => 'p',
            _ => '-',
        };
        let content = match (kind == '-').then(|| fs::read(&place)).transpose() {
            // Closed to its owner, too: only root reads it.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
            content => content.with_context(about)?,
        };
        let names = xattr::list(&place).with_context(about)?;
        let attribute = |name: OsString| Ok(xattr::get(&place, &name)?.map(|value| (name, value)));
        let attributes = names.map(attribute).collect::<Result<Vec<_>>>().with_context(about)?;
        if kind != 'd' {
            let first: &mut PathBuf =
                first_names.entry((metadata.dev(), metadata.ino())).or_insert_with(|| path.clone());
            *first = path.clone().min(first.clone());
        }
        let entry = Entry {
            kind,
            mode: metadata.mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            device: metadata.rdev(),
            content: content.map(|bytes| (bytes.len() as u64, hex(&Sha256::digest(&bytes)))),
            target: (kind == 'l').then(|| fs::read_link(&place)).transpose().with_context(about)?,
            attributes: attributes.into_iter().flatten().collect(),
            first_name: path.clone(),
        };
        tree.insert(path, entry);
    }
    // Hard links: equal groups have equal first names.
    for (path, entry) in &mut tree {
        let metadata = fs::symlink_metadata(root.join(path))?;
        if let Some(first) = first_names.get(&(metadata.dev(), metadata.ino())) {
            entry.first_name = first.clone();
        }
    }
    Ok(tree)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where two trees differ, a line for each.
pub fn differences(ours: &Tree, theirs: &Tree) -> Vec<String> {
    let mut paths: Vec<&PathBuf> = ours.keys().chain(theirs.keys()).collect();
    paths.sort();
    paths.dedup();
    let differ = paths.into_iter().filter(|path| ours.get(*path) != theirs.get(*path));
    differ
        .map(|path| format!("{}:\n  ours   {:?}\n  theirs {:?}", path.display(), ours.get(path), theirs.get(path)))
        .collect()
}
