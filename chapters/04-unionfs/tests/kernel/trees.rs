//! What is on disk, in a form that can be compared.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Each path, and all that a program could notice about it.
pub type Tree = BTreeMap<String, String>;

/// Everything below a directory, but what containers mount there.
pub fn tree(root: &Path) -> Result<Tree> {
    let mut tree = Tree::new();
    walk(root, "", &mut tree)?;
    Ok(tree)
}

fn walk(directory: &Path, below: &str, tree: &mut Tree) -> Result<()> {
    let device = fs::symlink_metadata(directory)?.dev();
    for entry in fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))? {
        let entry = entry?;
        let path = entry.path();
        let name = format!("{below}/{}", entry.file_name().to_string_lossy());
        let meta = fs::symlink_metadata(&path)?;
        // Something is mounted: /dev, /proc, /etc/hosts. (On overlayfs files have its own number, or a
        // layer's.)
        if is_mount_place(&name) {
            continue;
        }
        let kind = meta.file_type();
        let what = if kind.is_dir() {
            "directory".to_string()
        } else if kind.is_symlink() {
            format!("link to {}", fs::read_link(&path)?.display())
        } else if kind.is_file() {
            format!("file {:?}", digest(&fs::read(&path).with_context(|| format!("read {}", path.display()))?))
        } else if kind.is_fifo() {
            "fifo".to_string()
        } else {
            format!("device {:x}", meta.rdev())
        };
        let time = if kind.is_file() || kind.is_symlink() { meta.mtime() } else { 0 };
        let mode = meta.mode() & 0o7777;
        tree.insert(name.clone(), format!("{what} {mode:o} {}:{} {time}", meta.uid(), meta.gid()));
        if kind.is_dir() {
            walk(&path, &name, tree)?;
        }
    }
    let _ = device;
    Ok(())
}

/// What a start makes for its mounts.
fn is_mount_place(name: &str) -> bool {
    ["/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"].contains(&name)
}

/// Short enough for an error message.
fn digest(bytes: &[u8]) -> String {
    match bytes.len() {
        0..=40 => String::from_utf8_lossy(bytes).into_owned(),
        _ => ch04_unionfs::digest::Digest::compute(bytes).short(),
    }
}

/// Names what differs.
pub fn expect_same(what: &str, a: &Tree, b: &Tree) -> Result<()> {
    let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let differ: Vec<_> = names.into_iter().filter(|name| a.get(*name) != b.get(*name)).collect();
    let lines = differ.iter().take(10).map(|name| format!("{name}: {:?} and {:?}", a.get(*name), b.get(*name)));
    ensure!(differ.is_empty(), "{what}: {} differ:\n{}", differ.len(), lines.collect::<Vec<_>>().join("\n"));
    Ok(())
}
