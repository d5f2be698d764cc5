//! Exercise 4.3a: apply whiteouts.
//!
//! In an archive, an empty file `.wh.key` means that `key` is deleted. In a directory, overlayfs
//! needs a different form. The page explains both forms. Read mknod(2). Check with `cargo wb check
//! 4.3a`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sys::stat::{Mode, SFlag, mknod};

/// Handles one name of an archive. `directory` is the directory of this name, in the layer that is
/// being unpacked. If `marker` is a whiteout, the function applies it and returns `true`, and the
/// caller unpacks nothing. For any other name it does nothing and returns `false`.
///
/// - `.wh.NAME`: NAME is deleted. If the layer itself contains a NAME, this file stays.
/// - `.wh..wh..opq`: everything that the layers below have in this directory is deleted.
///
/// Returns an error and makes nothing if `marker` doesn't name a file that could be deleted, or if
/// the kernel refuses a step.
///
/// nix has no functions for attributes. Use `given::set_attribute(path: &Path, name: &str, value:
/// &[u8]) -> Result<()>`.
pub fn apply_whiteout(directory: &Path, marker: &OsStr) -> Result<bool> {
    // wb:answer
    // It begins like the other one, so it comes first.
    if marker == ".wh..wh..opq" {
        given::set_attribute(directory, "user.overlay.opaque", b"y")
            .with_context(|| format!("making {} opaque", directory.display()))?;
        return Ok(true);
    }
    let Some(deleted) = marker.as_bytes().strip_prefix(b".wh.") else { return Ok(false) };
    let is_name = !deleted.is_empty() && deleted != b"." && deleted != b"..";
    ensure!(is_name, "{} deletes no file: no honest archive has it", marker.display());
    let place = directory.join(OsStr::from_bytes(deleted));
    match mknod(&place, SFlag::S_IFCHR, Mode::empty(), 0) {
        Ok(()) | Err(Errno::EEXIST) => Ok(true),
        refused => refused.map(|()| true).with_context(|| format!("mknod({}, 0:0)", place.display())),
    }
    // wb:starter
    // todo!("recognize the two markers, and make overlayfs's form of them")
    // wb:end
}
