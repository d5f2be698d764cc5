//! The calls that `nix` lacks, for [`own_binary`](super).
#![allow(unsafe_code)]

use std::ffi::OsString;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

/// open_tree(2) of this process's own program: a mount of that one file, attached nowhere. It ends
/// when the last descriptor and the last process that uses it are gone.
pub(super) fn clone_mount_of_own_program() -> nix::Result<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    let path = c"/proc/self/exe".as_ptr();
    // SAFETY: the path outlives the call.
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path, flags) };
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Errno::result(fd).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// mount_setattr(2): the mount becomes read-only.
pub(super) fn make_read_only(mount: BorrowedFd<'_>) -> nix::Result<()> {
    let wanted = libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let (path, size) = (c"".as_ptr(), size_of::<libc::mount_attr>());
    // SAFETY: the empty path and the structure outlive the call, which only reads them.
    let result = unsafe {
        libc::syscall(libc::SYS_mount_setattr, mount.as_raw_fd(), path, libc::AT_EMPTY_PATH, &raw const wanted, size)
    };
    Errno::result(result).map(drop)
}

/// Takes a variable out of this process's environment.
pub(super) fn take_variable(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    // SAFETY: called at the beginning of `main`, when there is a single thread.
    unsafe { std::env::remove_var(name) };
    Some(value)
}
