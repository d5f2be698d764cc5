//! What is in a directory, to be compared with what was in it before, or with another one.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Each path below a directory, with what is there: `file "text"`, `-> /target`, `device 0:0`,
/// `directory`.
pub type Tree = BTreeMap<PathBuf, String>;

pub fn tree(directory: &Path) -> Tree {
    let mut found = Tree::new();
    add(directory, Path::new(""), &mut found);
    found
}

fn add(directory: &Path, at: &Path, found: &mut Tree) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let (file, at) = (entry.path(), at.join(entry.file_name()));
        found.insert(at.clone(), in_words(&file));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            add(&file, &at, found);
        }
    }
}

/// What is at a path, itself and not what it leads to.
pub fn in_words(file: &Path) -> String {
    let Ok(found) = fs::symlink_metadata(file) else { return "nothing".into() };
    match () {
        () if is_whiteout(&found) => "a device 0:0".into(),
        () if found.is_dir() => "a directory".into(),
        () if found.is_symlink() => {
            fs::read_link(file).map_or("a link".into(), |target| format!("a link to {}", target.display()))
        }
        () if found.is_file() => match fs::read_to_string(file) {
            Ok(text) if text.is_empty() => "an empty file".into(),
            Ok(text) => format!("a file with \"{}\"", text.trim_end()),
            Err(_) => "a file".into(),
        },
        () => "something else".into(),
    }
}

pub fn is_whiteout(file: &Metadata) -> bool {
    file.file_type().is_char_device() && file.rdev() == 0
}

/// Whether a directory hides those below, to a union that is mounted with `userxattr`.
pub fn is_opaque(directory: &Path) -> bool {
    given::attribute(directory, "user.overlay.opaque").ok().flatten().as_deref() == Some(b"y")
}

/// The first path at which two differ, with what is there in each.
pub fn first_difference(before: &Tree, after: &Tree) -> Option<(PathBuf, String, String)> {
    let nothing = || "nothing".to_string();
    let paths = before.keys().chain(after.keys());
    let of = |tree: &Tree, path: &PathBuf| tree.get(path).cloned().unwrap_or_else(nothing);
    paths.map(|path| (path.clone(), of(before, path), of(after, path))).find(|(_, one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_another_is_found() {
        let tree = |text: &str| Tree::from([(PathBuf::from("a"), text.to_string())]);
        assert_eq!(first_difference(&tree("1"), &tree("1")), None);
        assert_eq!(first_difference(&tree("1"), &tree("2")), Some(("a".into(), "1".into(), "2".into())));
        assert_eq!(first_difference(&tree("1"), &Tree::new()).map(|(_, _, after)| after), Some("nothing".into()));
        assert!(tree_has_this_file());
    }

    fn tree_has_this_file() -> bool {
        super::tree(Path::new(env!("CARGO_MANIFEST_DIR"))).contains_key(Path::new("src/tree.rs"))
    }
}
