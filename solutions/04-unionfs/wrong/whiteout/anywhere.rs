//! diagnosis: none
//! made by: whoever looks for .wh. anywhere in a name.

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
    let name = marker.to_string_lossy();
    let Some((before, after)) = name.split_once(".wh.") else { return Ok(false) };
    let deleted = if after.is_empty() { before.as_bytes() } else { after.as_bytes() };
    let is_name = !deleted.is_empty() && deleted != b"." && deleted != b"..";
    ensure!(is_name, "{} deletes no file: no honest archive has it", marker.display());
    let place = directory.join(OsStr::from_bytes(deleted));
    match mknod(&place, SFlag::S_IFCHR, Mode::empty(), 0) {
        Ok(()) | Err(Errno::EEXIST) => Ok(true),
        refused => refused.map(|()| true).with_context(|| format!("mknod({}, 0:0)", place.display())),
    }
}
