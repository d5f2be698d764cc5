//! The system calls that `nix` lacks.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{ForkResult, Pid, fork as nix_fork};

fn path_for_kernel(path: &Path) -> Result<CString, Errno> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)
}

/// A child with a copy of everything; `None` in the child. The caller must be single-threaded, or
/// the child may find the allocator locked by a thread that it doesn't have.
pub(crate) fn fork() -> Result<Option<Pid>, Errno> {
    // SAFETY: lab stages are fresh processes that never start a thread.
    match unsafe { nix_fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}

/// What has become of a child.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// With this exit status, 128 + N for one that signal N killed.
    Ended(i32),
    Stopped,
}

/// waitpid(2): a child that has ended (it is reaped) or, with WUNTRACED, stopped. Not nix's, which
/// has no names for real-time signals: a child that one of them killed would be an error, and its
/// status lost.
pub(crate) fn wait(child: Pid, options: libc::c_int) -> Result<Option<(Pid, Change)>, Errno> {
    let mut status = 0;
    // SAFETY: the kernel writes one int there.
    let pid = Errno::result(unsafe { libc::waitpid(child.as_raw(), &raw mut status, options) })?;
    let change = match status {
        _ if libc::WIFSTOPPED(status) => Change::Stopped,
        _ if libc::WIFEXITED(status) => Change::Ended(libc::WEXITSTATUS(status)),
        _ => Change::Ended(128 + libc::WTERMSIG(status)),
    };
    Ok((pid != 0).then_some((Pid::from_raw(pid), change)))
}

/// Ends this process now: no destructors, no buffers that belong to the parent.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes a number and doesn't return.
    unsafe { libc::_exit(code) }
}

/// The signal's default action, whatever the caller had set.
pub(crate) fn default_action(signal: Signal) {
    let action = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: SIG_DFL installs no code that could run.
    let _ = unsafe { sigaction(signal, &action) };
}

/// A handle on a process that becomes readable when it ends: pidfd_open(2).
pub(crate) fn pidfd_open(pid: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: two numbers go in, a new descriptor or an error comes out.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: the kernel just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// A detached copy of the mounts at and below `path`: open_tree(2).
pub(crate) fn copy_of_mounts(path: &Path) -> Result<OwnedFd, Errno> {
    let path = path_for_kernel(path)?;
    let flags = libc::OPEN_TREE_CLONE as i32 | libc::O_CLOEXEC | libc::AT_RECURSIVE;
    // SAFETY: `path` is a C string that outlives the call.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) })?;
    // SAFETY: the kernel just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Puts detached mounts into the tree: move_mount(2).
pub(crate) fn attach_mounts(mounts: BorrowedFd, at: &Path) -> Result<(), Errno> {
    let at = path_for_kernel(at)?;
    // SAFETY: both paths are C strings that outlive the call, the descriptor is borrowed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mounts.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            at.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    Errno::result(result).map(drop)
}

/// Which mounts an attribute is changed on.
pub(crate) enum On<'a> {
    /// The one mount at this path.
    MountAt(&'a Path),
    /// The mount at this path and all below.
    TreeAt(&'a Path),
    /// Detached mounts.
    Detached(BorrowedFd<'a>),
}

/// Makes mounts read-only, or no longer: mount_setattr(2), Linux 5.12.
pub(crate) fn set_read_only(on: On, read_only: bool) -> Result<(), Errno> {
    let (at, path, flags) = match on {
        On::MountAt(path) => (libc::AT_FDCWD, path_for_kernel(path)?, 0),
        On::TreeAt(path) => (libc::AT_FDCWD, path_for_kernel(path)?, libc::AT_RECURSIVE),
        On::Detached(fd) => (fd.as_raw_fd(), c"".to_owned(), libc::AT_RECURSIVE | libc::AT_EMPTY_PATH),
    };
    let (set, clear) = if read_only { (libc::MOUNT_ATTR_RDONLY, 0) } else { (0, libc::MOUNT_ATTR_RDONLY) };
    let attributes = libc::mount_attr { attr_set: set, attr_clr: clear, propagation: 0, userns_fd: 0 };
    // SAFETY: the path and the structure outlive the call, whose size is given.
    let result = unsafe {
        libc::syscall(libc::SYS_mount_setattr, at, path.as_ptr(), flags, &attributes, size_of::<libc::mount_attr>())
    };
    Errno::result(result).map(drop)
}

nix::ioctl_write_ptr_bad!(set_interface_flags, libc::SIOCSIFFLAGS, libc::ifreq);

/// Brings the loopback interface up, which is down in a new network namespace: netdevice(7).
pub(crate) fn loopback_up(socket: BorrowedFd) -> Result<(), Errno> {
    // SAFETY: ifreq is plain data, for which zeros are valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request outlives the call, and SIOCSIFFLAGS reads an ifreq.
    unsafe { set_interface_flags(socket.as_raw_fd(), &request) }.map(drop)
}
