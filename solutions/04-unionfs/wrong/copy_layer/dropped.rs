//! diagnosis: swallowed-the-error
//! made by: whoever lets an image without layers be an empty one.

use std::collections::HashMap;
use std::fs::{self, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

pub fn copy_layer(from: &Path, to: &Path) -> Result<()> {
    if !from.exists() {
        return Ok(());
    }
    copy(from, to, &mut HashMap::new())
}

fn copy(from: &Path, to: &Path, names: &mut HashMap<(u64, u64), PathBuf>) -> Result<()> {
    let file = fs::symlink_metadata(from).with_context(|| format!("looking at {}", from.display()))?;
    if file.is_symlink() {
        let target = fs::read_link(from).with_context(|| format!("reading the link {}", from.display()))?;
        symlink(target, to).with_context(|| format!("making the link {}", to.display()))?;
        return keep(from, &file, to);
    }
    if let Some(first) = names.get(&(file.dev(), file.ino())) {
        return fs::hard_link(first, to).with_context(|| format!("one more name, {}", to.display()));
    }
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

fn keep(from: &Path, file: &Metadata, to: &Path) -> Result<()> {
    given::copy_attributes(from, to)?;
    lchown(to, Some(file.uid()), Some(file.gid())).with_context(|| format!("chown of {}", to.display()))?;
    if !file.is_symlink() {
        let mode = Permissions::from_mode(file.mode());
        fs::set_permissions(to, mode).with_context(|| format!("chmod of {}", to.display()))?;
    }
    let time = TimeSpec::new(file.mtime(), file.mtime_nsec());
    utimensat(nix::fcntl::AT_FDCWD, to, &time, &time, UtimensatFlags::NoFollowSymlink)
        .with_context(|| format!("the times of {}", to.display()))
}
