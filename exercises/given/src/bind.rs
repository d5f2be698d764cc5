use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::sys;

/// Shows what is at `source`, and what is mounted below it, at the open folder or file `target` as well.
///
/// The target is a descriptor, since a path may mean another place by the time of the call (CVE-2021-30465).
pub fn bind(source: &Path, target: &OwnedFd) -> Result<()> {
    let copy =
        sys::copy_of_mounts(&path_for_kernel(source)?).with_context(|| format!("open_tree({})", source.display()))?;
    sys::attach(copy.as_fd(), target.as_fd())
        .with_context(|| format!("move_mount of {}: a folder goes on a folder, a file on a file", source.display()))
}

/// mount_setattr(2): sets `attributes` (`libc::MOUNT_ATTR_RDONLY`, …) of the mount at `path`, and leaves all others as they are.
/// `flags` is 0, or `libc::AT_RECURSIVE` for the mounts below it as well.
pub fn mount_setattr(path: &Path, flags: i32, attributes: u64) -> Result<()> {
    Ok(sys::mount_setattr(&path_for_kernel(path)?, flags, attributes)?)
}

pub(crate) fn path_for_kernel(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).with_context(|| format!("{} has a NUL byte in it", path.display()))
}
