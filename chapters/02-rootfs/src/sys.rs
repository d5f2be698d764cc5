//! The system calls of this chapter: the mount API of Linux 5.2 (fsopen, open_tree, move_mount) and
//! 5.12 (mount_setattr), pivot_root, chroot, openat2.
//!
//! With the older mount(2) a mount is attached at a *path*, which somebody may exchange for a link
//! between our look and our call (CVE-2021-30465). Here a mount is made detached, gets its flags,
//! and is then attached to a *descriptor* that was opened inside the root and looked at.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use ch01_namespaces::Why;
use ch01_namespaces::explain::report;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::mount::{MntFlags, umount2};
use nix::sys::stat::{Mode, SFlag, makedev, mknodat};

/// Attributes of a mount, as mount_setattr(2) names them.
pub mod attr {
    /// MOUNT_ATTR_RDONLY
    pub const READ_ONLY: u64 = 0x1;
    /// MOUNT_ATTR_NOSUID
    pub const NO_SUID: u64 = 0x2;
    /// MOUNT_ATTR_NODEV
    pub const NO_DEV: u64 = 0x4;
    /// MOUNT_ATTR_NOEXEC
    pub const NO_EXEC: u64 = 0x8;

    /// As the C source would spell them.
    pub fn names(attributes: u64) -> String {
        let all = [
            (READ_ONLY, "MOUNT_ATTR_RDONLY"),
            (NO_SUID, "MOUNT_ATTR_NOSUID"),
            (NO_DEV, "MOUNT_ATTR_NODEV"),
            (NO_EXEC, "MOUNT_ATTR_NOEXEC"),
        ];
        let set: Vec<_> = all.iter().filter(|(bit, _)| attributes & bit != 0).map(|(_, name)| *name).collect();
        if set.is_empty() { "0".into() } else { set.join("|") }
    }
}

const FSOPEN_CLOEXEC: u32 = 1;
const FSMOUNT_CLOEXEC: u32 = 1;
const FSCONFIG_SET_FLAG: u32 = 0;
const FSCONFIG_SET_STRING: u32 = 1;
const FSCONFIG_CMD_CREATE: u32 = 6;
const MOVE_MOUNT_F_EMPTY_PATH: u32 = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH: u32 = 0x40;

/// Makes a new, detached mount of a file system of type `kind`: fsopen(2), fsconfig(2) for each
/// option and once to make it, fsmount(2). Told as one step, the last, since the others do nothing
/// that can be seen; unless one of them fails. An option with an empty value is a flag, such as
/// `userxattr`: as a string the kernel would refuse it.
pub fn new_mount(why: &'static Why, kind: &str, options: &[(String, String)], attributes: u64) -> Result<OwnedFd> {
    let name = CString::new(kind)?;
    // SAFETY: `name` is a string that outlives the call.
    let context = owned(unsafe { libc::syscall(libc::SYS_fsopen, name.as_ptr(), FSOPEN_CLOEXEC) });
    let context = only_failure(why, "fsopen", || vec![format!("{kind:?}")], context)?;
    // What `mount` and mountinfo show as the source.
    set(why, context.as_fd(), "source", kind)?;
    options.iter().try_for_each(|(key, value)| set(why, context.as_fd(), key, value))?;
    let made = fsconfig(context.as_fd(), FSCONFIG_CMD_CREATE, None);
    only_failure(why, "fsconfig", || vec![format!("{kind:?}"), "FSCONFIG_CMD_CREATE".into()], made)
        .map_err(|error| with_messages(error, context.as_fd()))?;
    // SAFETY: takes no pointers.
    let mount = unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, attributes) };
    let options =
        options.iter().map(|(key, value)| if value.is_empty() { key.clone() } else { format!("{key}={value}") });
    let args = || [kind.into()].into_iter().chain(options.clone()).chain([attr::names(attributes)]).collect();
    report(why, "fsmount", args, owned(mount))
}

fn set(why: &'static Why, context: BorrowedFd<'_>, key: &str, value: &str) -> Result<()> {
    let (c_key, c_value) = (CString::new(key)?, CString::new(value)?);
    let (command, c_value, name) = match value {
        "" => (FSCONFIG_SET_FLAG, None, "FSCONFIG_SET_FLAG"),
        _ => (FSCONFIG_SET_STRING, Some(c_value.as_c_str()), "FSCONFIG_SET_STRING"),
    };
    let result = fsconfig(context, command, Some((&c_key, c_value)));
    only_failure(why, "fsconfig", || vec![name.into(), format!("{key:?}"), format!("{value:?}")], result)
        .map_err(|error| with_messages(error, context))
}

/// Adds what the file system itself said about a failure: its context can be read like a log, a
/// message a read(2), each beginning with a letter (`e overlay: …` for an error).
fn with_messages(error: anyhow::Error, context: BorrowedFd<'_>) -> anyhow::Error {
    let mut buffer = [0; 512];
    let mut said = Vec::new();
    while let Ok(length @ 1..) = nix::unistd::read(context, &mut buffer) {
        said.push(String::from_utf8_lossy(&buffer[..length]).trim().to_string());
    }
    if said.is_empty() { error } else { error.context(format!("the kernel says: {}", said.join("; "))) }
}

fn only_failure<T>(why: &'static Why, call: &str, args: impl Fn() -> Vec<String>, result: nix::Result<T>) -> Result<T> {
    if result.is_ok() { Ok(result?) } else { report(why, call, args, result) }
}

fn fsconfig(context: BorrowedFd<'_>, command: u32, setting: Option<(&CStr, Option<&CStr>)>) -> nix::Result<()> {
    let key = setting.map_or(std::ptr::null(), |(key, _)| key.as_ptr());
    let value = setting.and_then(|(_, value)| value).map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: both are strings that outlive the call, or null where the command takes none.
    let result = unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), command, key, value, 0) };
    Errno::result(result).map(drop)
}

/// Copies what is mounted at `source`, and below it, as a detached mount that is private:
/// open_tree(2).
///
/// Always with what is below: a user namespace may not uncover what a mount of the host's covers.
pub fn copy_tree(why: &'static Why, source: &Path) -> Result<OwnedFd> {
    let path = CString::new(source.as_os_str().as_bytes())?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_RECURSIVE as u32;
    // SAFETY: `path` is a string that outlives the call.
    let result = owned(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) });
    report(why, "open_tree", || vec![source.display().to_string(), "OPEN_TREE_CLONE|AT_RECURSIVE".into()], result)
}

/// Adds attributes to a mount and all below it, and makes them private: mount_setattr(2).
/// Attributes that the kernel has locked stay, since none is taken away.
pub fn set_attributes(why: &'static Why, mount: BorrowedFd<'_>, attributes: u64) -> Result<()> {
    set_attributes_with(why, mount, attributes, libc::AT_RECURSIVE)
}

fn set_attributes_with(why: &'static Why, mount: BorrowedFd<'_>, attributes: u64, more_flags: i32) -> Result<()> {
    let wanted = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: libc::MS_PRIVATE, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | more_flags;
    let (path, size) = (c"".as_ptr(), size_of::<libc::mount_attr>());
    // SAFETY: the empty path and the structure outlive the call, which only reads them.
    let result =
        unsafe { libc::syscall(libc::SYS_mount_setattr, mount.as_raw_fd(), path, flags, &raw const wanted, size) };
    report(why, "mount_setattr", || vec![attr::names(attributes)], Errno::result(result).map(drop))
}

/// Makes the mount at / read-only, and it alone. The attributes that it has stay.
pub fn make_root_read_only(why: &'static Why, root: BorrowedFd<'_>) -> Result<()> {
    set_attributes_with(why, root, attr::READ_ONLY, 0)
}

/// Attaches a detached mount to what `target` refers to: move_mount(2). `place` is for the
/// narration.
pub fn attach(
    why: &'static Why,
    what: &str,
    mount: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    place: &Path,
) -> Result<()> {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    let empty = c"".as_ptr();
    // SAFETY: the empty paths outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_move_mount, mount.as_raw_fd(), empty, target.as_raw_fd(), empty, flags) };
    let args = || vec![what.into(), "\"\"".into(), "root".into(), place.display().to_string()];
    report(why, "move_mount", args, Errno::result(result).map(drop))
}

/// Which file a descriptor refers to, on which mount. Two mounts of one file system show the same
/// inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    mount: u64,
    device: (u32, u32),
    inode: u64,
}

/// statx(2) of what a descriptor refers to. A detached mount keeps its number when it is attached.
pub fn identity(fd: BorrowedFd<'_>) -> nix::Result<Identity> {
    // SAFETY: plain integers, for all of which 0 is valid; the kernel fills it.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    let (path, wanted) = (c"".as_ptr(), libc::STATX_INO | libc::STATX_MNT_ID);
    // SAFETY: the empty path and the structure outlive the call.
    let result = unsafe { libc::statx(fd.as_raw_fd(), path, libc::AT_EMPTY_PATH, wanted, &raw mut found) };
    Errno::result(result)?;
    let device = (found.stx_dev_major, found.stx_dev_minor);
    Ok(Identity { mount: found.stx_mnt_id, device, inode: found.stx_ino })
}

// ANCHOR: open_in_root
/// openat2(2) with RESOLVE_IN_ROOT and O_PATH: whatever links are on the way, they are taken as if
/// `root` were /, and `..` ends there. Links of /proc (`/proc/PID/fd/7`), which lead anywhere, are
/// never followed; with `links` false none are.
pub fn open_in_root(root: BorrowedFd<'_>, path: &Path, links: bool) -> nix::Result<OwnedFd> {
    let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let resolve = if links { resolve } else { resolve | ResolveFlag::RESOLVE_NO_SYMLINKS };
    let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC).resolve(resolve);
    // EAGAIN: somebody renamed or mounted meanwhile, and the kernel could not be sure that `..` stays
    // inside.
    let again = (0..100).map(|_| openat2(root, path, how)).find(|result| !matches!(result, Err(Errno::EAGAIN)));
    again.unwrap_or(Err(Errno::EAGAIN))
}
// ANCHOR_END: open_in_root

/// Runs `make` with the umask put aside, so that what it makes has the mode it asks for: with 077,
/// which careful people have, /dev/null would be for its owner only. Only for a process with a
/// single thread: the umask is that of all.
pub fn with_exact_modes<T>(make: impl FnOnce() -> T) -> T {
    let umask = nix::sys::stat::umask(Mode::empty());
    let made = make();
    nix::sys::stat::umask(umask);
    made
}

/// fsetxattr(2).
pub fn set_attribute(file: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> nix::Result<()> {
    // SAFETY: name and value outlive the call, and the length is the value's.
    let result = unsafe { libc::fsetxattr(file.as_raw_fd(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    Errno::result(result).map(drop)
}

/// getxattr(2).
#[cfg(test)]
pub fn attribute(path: &Path, name: &CStr) -> Option<Vec<u8>> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut value = vec![0u8; 256];
    // SAFETY: path, name and place outlive the call, and the length is the place's.
    let length = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    value.truncate(usize::try_from(length).ok()?);
    Some(value)
}

/// mknod(2) of a character device that anybody may use.
pub fn make_device(why: &'static Why, directory: BorrowedFd<'_>, name: &str, major: u64, minor: u64) -> Result<()> {
    let (mode, device) = (Mode::from_bits_truncate(0o666), makedev(major, minor));
    let result = with_exact_modes(|| mknodat(directory, name, SFlag::S_IFCHR, mode, device));
    report(why, "mknod", || vec![name.into(), "S_IFCHR|0666".into(), format!("{major} {minor}")], result)
}

/// pivot_root(2) with both arguments `.`: no directory for the old root is needed; it comes to lie
/// on top of the new one.
pub fn pivot_root(why: &'static Why) -> Result<()> {
    report(why, "pivot_root", || vec!["\".\"".into(), "\".\"".into()], nix::unistd::pivot_root(".", "."))
}

/// umount2(2) with MNT_DETACH of the topmost mount at the working directory.
pub fn detach_working_directory(why: &'static Why) -> Result<()> {
    report(why, "umount2", || vec!["\".\"".into(), "MNT_DETACH".into()], umount2(".", MntFlags::MNT_DETACH))
}

/// chroot(2).
pub fn chroot(why: &'static Why, root: &Path) -> Result<()> {
    report(why, "chroot", || vec![root.display().to_string()], nix::unistd::chroot(root))
}

/// chdir(2).
pub fn chdir(why: &'static Why, directory: &Path) -> Result<()> {
    report(why, "chdir", || vec![directory.display().to_string()], nix::unistd::chdir(directory))
}

/// fchdir(2), told as a chdir to `place`.
pub fn fchdir(why: &'static Why, directory: BorrowedFd<'_>, place: &Path) -> Result<()> {
    report(why, "fchdir", || vec![place.display().to_string()], nix::unistd::fchdir(directory))
}

fn owned(result: libc::c_long) -> nix::Result<OwnedFd> {
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Errno::result(result).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_spelled_as_in_c() {
        assert_eq!(attr::names(attr::READ_ONLY | attr::NO_DEV), "MOUNT_ATTR_RDONLY|MOUNT_ATTR_NODEV");
        assert_eq!(attr::names(0), "0");
    }
}
