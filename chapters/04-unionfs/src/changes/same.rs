//! Whether a file of two layers is the same one to everybody who looks at it.

use std::ffi::OsStr;

use anyhow::Result;
use nix::sys::stat::{FileStat, SFlag};

use crate::directory::{Directory, kind};

/// Compares what can be compared without reading: type, mode, owner, time of change, size, number
/// of a device, target of a link, extended attributes. (The content is not: whoever wants to change
/// a file and keep its size and its time to the nanosecond deceives `docker diff` as well.)
pub fn is_same(old: (&Directory, &FileStat), new: (&Directory, &FileStat), name: &OsStr) -> Result<bool> {
    let ((old_directory, a), (new_directory, b)) = (old, new);
    let numbers = |stat: &FileStat| {
        let kind = kind(stat);
        let has_size = kind == SFlag::S_IFREG || kind == SFlag::S_IFLNK;
        let is_device = kind == SFlag::S_IFCHR || kind == SFlag::S_IFBLK;
        (
            stat.st_mode,
            (stat.st_uid, stat.st_gid),
            (stat.st_mtime, stat.st_mtime_nsec),
            has_size.then_some(stat.st_size),
            is_device.then_some(stat.st_rdev),
        )
    };
    if numbers(a) != numbers(b) {
        return Ok(false);
    }
    if kind(a) == SFlag::S_IFLNK && old_directory.read_link(name)? != new_directory.read_link(name)? {
        return Ok(false);
    }
    Ok(old_directory.attributes(name)? == new_directory.attributes(name)?)
}
