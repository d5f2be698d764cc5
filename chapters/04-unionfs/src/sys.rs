//! The system calls of this chapter: extended attributes relative to a descriptor, mount(2) with a
//! string of options, and whiteouts.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use anyhow::Result;
use ch01_namespaces::Why;
use ch01_namespaces::explain::report;
use nix::errno::Errno;
use nix::mount::MsFlags;
use nix::sys::stat::{Mode, SFlag, mknodat};

/// The attributes that make a directory opaque: the first for mounts made by the machine's root,
/// the second for mounts with `userxattr`, in user namespaces.
pub(crate) const OPAQUE: [&CStr; 2] = [c"trusted.overlay.opaque", c"user.overlay.opaque"];

/// Where overlayfs keeps its own attributes.
const OVERLAYS: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];

/// There is no call for the attributes of a name in a directory that is held by a descriptor (until
/// Linux 6.13). The link in /proc leads to that very directory, whatever its path has become, and
/// the `l` calls don't follow a link at the end.
fn in_directory(directory: BorrowedFd<'_>, name: &OsStr) -> nix::Result<CString> {
    let path = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
    CString::new(path.into_os_string().into_vec()).map_err(|_| Errno::EINVAL)
}

/// lgetxattr(2); `None` when there is no such attribute, or none can be kept there.
pub(crate) fn attribute(directory: BorrowedFd<'_>, name: &OsStr, key: &CStr) -> Option<Vec<u8>> {
    let path = in_directory(directory, name).ok()?;
    read_attribute(&path, key).ok()
}

fn read_attribute(path: &CStr, key: &CStr) -> nix::Result<Vec<u8>> {
    // The kernel's limit for one value: xattr(7).
    let mut value = vec![0; 65536];
    // SAFETY: both strings outlive the call, and pointer and length belong to one buffer.
    let length = unsafe { libc::lgetxattr(path.as_ptr(), key.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    value.truncate(Errno::result(length)? as usize);
    Ok(value)
}

/// llistxattr(2) and lgetxattr(2): all attributes but overlayfs's own, sorted.
pub(crate) fn list_attributes(directory: BorrowedFd<'_>, name: &OsStr) -> nix::Result<Vec<(OsString, Vec<u8>)>> {
    let path = in_directory(directory, name)?;
    let mut names = vec![0u8; 65536];
    // SAFETY: the string outlives the call, and pointer and length belong to one buffer.
    let length = unsafe { libc::llistxattr(path.as_ptr(), names.as_mut_ptr().cast(), names.len()) };
    match Errno::result(length) {
        Ok(length) => names.truncate(length as usize),
        Err(Errno::EOPNOTSUPP) => return Ok(Vec::new()),
        Err(errno) => return Err(errno),
    }
    let mut attributes = Vec::new();
    for key in names.split(|byte| *byte == 0).filter(|key| !key.is_empty()) {
        if OVERLAYS.iter().any(|prefix| key.starts_with(prefix)) {
            continue;
        }
        let c_key = CString::new(key).map_err(|_| Errno::EINVAL)?;
        match read_attribute(&path, &c_key) {
            Ok(value) => attributes.push((OsStr::from_bytes(key).to_os_string(), value)),
            // Gone, or not ours to read.
            Err(Errno::ENODATA | Errno::EPERM | Errno::EACCES) => {}
            Err(errno) => return Err(errno),
        }
    }
    attributes.sort();
    Ok(attributes)
}

/// lsetxattr(2).
pub(crate) fn set_attribute(directory: BorrowedFd<'_>, name: &OsStr, key: &OsStr, value: &[u8]) -> nix::Result<()> {
    let path = in_directory(directory, name)?;
    let key = CString::new(key.as_bytes()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the strings outlive the call, and pointer and length belong to one value.
    let result = unsafe { libc::lsetxattr(path.as_ptr(), key.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    Errno::result(result).map(drop)
}

/// Makes a directory opaque, for both kinds of mounts as far as we may: `trusted.*` takes
/// CAP_SYS_ADMIN over the machine.
pub(crate) fn make_opaque(directory: BorrowedFd<'_>) -> nix::Result<()> {
    let dot = OsStr::new(".");
    let [trusted, user] = OPAQUE.map(|key| set_attribute(directory, dot, OsStr::from_bytes(key.to_bytes()), b"y"));
    match (trusted, user) {
        (Err(Errno::EPERM), Err(errno)) => Err(errno),
        (Err(errno), _) if errno != Errno::EPERM => Err(errno),
        _ => Ok(()),
    }
}

/// mknod(2) of the device that means "deleted". In a user namespace it is the only device that may
/// be made.
pub(crate) fn make_whiteout(directory: BorrowedFd<'_>, name: &OsStr) -> nix::Result<()> {
    mknodat(directory, name, SFlag::S_IFCHR, Mode::empty(), 0)
}

/// mount(2) of a new file system with options in one string, which may fill one page at most.
pub(crate) fn mount_with_options(why: &'static Why, kind: &str, target: &Path, options: &str) -> Result<()> {
    let result = nix::mount::mount(Some(kind), target, Some(kind), MsFlags::empty(), Some(options));
    report(why, "mount", || vec![format!("{kind:?}"), target.display().to_string(), options.into()], result)
}

/// mount(2): what is mounted from here on stays in this mount namespace.
pub(crate) fn make_mounts_private() -> nix::Result<()> {
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    nix::mount::mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
}
