use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::{scratch, sys};

/// Shows what is at `source`, and what is mounted below it, at the open directory or file `target`
/// as well.
///
/// The target is a descriptor, since a path may mean another place by the time of the call
/// (CVE-2021-30465).
pub fn bind(source: &Path, target: &OwnedFd) -> Result<()> {
    // It would hide everything, the command among it.
    let root = scratch::is_root(target);
    ensure!(!root, "the target of {} is the root itself, whatever it is called", scratch::shown_at(source).display());
    let copy =
        sys::copy_of_mounts(&path_for_kernel(source)?).with_context(|| format!("open_tree({})", source.display()))?;
    sys::attach(copy.as_fd(), target.as_fd()).with_context(|| refusal(source, target))
}

/// What was refused, in the words of who asked for it.
fn refusal(source: &Path, target: &OwnedFd) -> String {
    let open = format!("/proc/self/fd/{}", target.as_raw_fd());
    let place = fs::read_link(&open).map_or("the target".into(), |at| scratch::as_inside(&at).display().to_string());
    let name = scratch::shown_at(source);
    let is_directory = |path: &Path| fs::metadata(path).ok().map(|file| file.is_dir());
    in_words(&name.display().to_string(), &place, is_directory(source).zip(is_directory(Path::new(&open))))
}

/// `directories`: whether the source and the target are.
fn in_words(source: &str, target: &str, directories: Option<(bool, bool)>) -> String {
    match directories {
        Some((false, true)) => format!(
            "move_mount of the file {source} on {target}, a directory: a missing target is made as a directory; a file needs a \
             file that is there"
        ),
        Some((true, false)) => {
            format!("move_mount of the directory {source} on {target}, a file: a directory needs a directory")
        }
        _ => format!("move_mount of {source} on {target}"),
    }
}

/// mount_setattr(2): sets `attributes` (`libc::MOUNT_ATTR_RDONLY`, …) of the mount at `path`, and
/// leaves all others as they are. `flags` is 0, or `libc::AT_RECURSIVE` for the mounts below it as
/// well.
pub fn mount_setattr(path: &Path, flags: i32, attributes: u64) -> Result<()> {
    Ok(sys::mount_setattr(&path_for_kernel(path)?, flags, attributes)?)
}

pub(crate) fn path_for_kernel(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).with_context(|| format!("{} has a NUL byte in it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_on_a_directory_is_told_and_what_would_do() {
        let said = in_words("./motd", "/etc/motd", Some((false, true)));
        assert!(
            said.contains("the file ./motd on /etc/motd, a directory") && said.contains("a file that is there"),
            "{said}"
        );
        assert!(in_words("./d", "/etc/passwd", Some((true, false))).contains("a directory needs a directory"));
        assert_eq!(in_words("./d", "/d", Some((true, true))), "move_mount of ./d on /d");
    }
}
