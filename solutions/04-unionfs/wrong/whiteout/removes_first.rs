//! diagnosis: deleted-it-here
//! made by: whoever gets EEXIST, and makes room.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sys::stat::{Mode, SFlag, mknod};

pub fn apply_whiteout(directory: &Path, marker: &OsStr) -> Result<bool> {
    if marker == ".wh..wh..opq" {
        given::set_attribute(directory, "user.overlay.opaque", b"y")
            .with_context(|| format!("making {} opaque", directory.display()))?;
        return Ok(true);
    }
    let Some(deleted) = marker.as_bytes().strip_prefix(b".wh.") else { return Ok(false) };
    let is_name = !deleted.is_empty() && deleted != b"." && deleted != b"..";
    ensure!(is_name, "{} deletes no file: no honest archive has it", marker.display());
    let place = directory.join(OsStr::from_bytes(deleted));
    let _ = std::fs::remove_file(&place);
    match mknod(&place, SFlag::S_IFCHR, Mode::empty(), 0) {
        Ok(()) | Err(Errno::EEXIST) => Ok(true),
        refused => refused.map(|()| true).with_context(|| format!("mknod({}, 0:0)", place.display())),
    }
}
