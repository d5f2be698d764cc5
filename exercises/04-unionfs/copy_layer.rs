//! Exercise 4.7: repair the copy of a layer.
//!
//! This is the storage driver `vfs`, which gives a container a copy of its image. The function
//! compiles and returns Ok, but the copy differs from the original. It even contains data that was
//! never in the image. There are three bugs. Compare both directories to find them. Read stat(2),
//! chown(2) and link(2). Check with `cargo wb check 4.7`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::collections::HashMap;
use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

/// Copies the directory `from` with its content to `to`, which doesn't exist yet. Each file keeps
/// its mode, owner, modification time and extended attributes. A symbolic link is copied as a link,
/// wherever it leads. A file with several names has the same names in the copy. (The directory
/// contains directories, files and links, but no devices.)
///
/// Returns an error with the path if the kernel refuses to copy something.
pub fn copy_layer(from: &Path, to: &Path) -> Result<()> {
    copy(from, to, &mut HashMap::new())
}

/// `names`: for each device and inode number, the path of the copy.
fn copy(from: &Path, to: &Path, names: &mut HashMap<(u64, u64), PathBuf>) -> Result<()> {
    let file = fs::metadata(from).with_context(|| format!("looking at {}", from.display()))?;
    names.insert((file.dev(), file.ino()), to.to_path_buf());
    if file.is_dir() {
        fs::create_dir(to).with_context(|| format!("making {}", to.display()))?;
        for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
            let name = entry.context("reading a directory")?.file_name();
            copy(&from.join(&name), &to.join(&name), names)?;
        }
    } else {
        fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    }
    keep(from, &file, to)
}

/// Copies the original's metadata.
fn keep(from: &Path, file: &Metadata, to: &Path) -> Result<()> {
    given::copy_attributes(from, to)?;
    let mode = Permissions::from_mode(file.mode());
    fs::set_permissions(to, mode).with_context(|| format!("chmod of {}", to.display()))?;
    let (user, group) = (Some(file.uid()), Some(file.gid()));
    lchown(to, user, group).with_context(|| format!("chown of {}", to.display()))?;
    let time = TimeSpec::new(file.mtime(), file.mtime_nsec());
    utimensat(nix::fcntl::AT_FDCWD, to, &time, &time, UtimensatFlags::NoFollowSymlink)
        .with_context(|| format!("the times of {}", to.display()))
}
