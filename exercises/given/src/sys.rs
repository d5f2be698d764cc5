//! The calls that nix can only offer as unsafe, each with the reason why it is sound here.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::pty::Winsize;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, Pid};

/// fork(2). The caller has made sure that this process has one thread.
pub fn fork_single_threaded() -> nix::Result<ForkResult> {
    // SAFETY: with one thread no lock (of the allocator, of stdout) can be held by a thread that the
    // child lacks.
    unsafe { nix::unistd::fork() }
}

/// Gives `which` the kernel's default action again.
pub fn default_action(which: Signal) -> nix::Result<()> {
    // SAFETY: the default action runs no code of ours, so there is no handler that could be unsafe.
    unsafe { signal(which, SigHandler::SigDfl) }.map(drop)
}

/// Marks every descriptor from 3 upwards as close-on-exec, with close_range(2).
pub fn close_others_on_exec() -> nix::Result<()> {
    // SAFETY: numbers only; nothing is closed before the exec, so no owned descriptor is pulled from
    // under its owner.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    Errno::result(result).map(drop)
}

/// pidfd_open(2), close-on-exec as all of them are.
pub fn pidfd_open(process: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: numbers only.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, process.as_raw(), 0) };
    let number = Errno::result(result)?;
    // SAFETY: the kernel has just made this descriptor, and nobody else has its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number as i32) })
}

/// A descriptor of which only the number is known: it came in a message, or was left open for this
/// program by the one before.
pub fn own(received: RawFd) -> OwnedFd {
    // SAFETY: it came into this process without an owner, and nobody else has its number.
    unsafe { OwnedFd::from_raw_fd(received) }
}

/// waitpid(2): a child that has ended is reaped; its number, and its exit code as a shell has it,
/// 128 + N for one that signal N killed. `None` when none has ended and `options` say WNOHANG.
///
/// Not nix's, which has no names for real-time signals: a child that one of them killed would be
/// reaped, and its status lost in an EINVAL.
pub fn wait(child: Pid, options: libc::c_int) -> nix::Result<Option<(Pid, i32)>> {
    let mut status = 0;
    // SAFETY: the kernel writes one int there.
    let pid = Errno::result(unsafe { libc::waitpid(child.as_raw(), &raw mut status, options) })?;
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) };
    Ok((pid != 0).then_some((Pid::from_raw(pid), code)))
}

/// TIOCGWINSZ: the size of a terminal's window.
pub fn window_size(terminal: BorrowedFd) -> nix::Result<Winsize> {
    let mut size = Winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel writes one such structure there.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) }).map(|_| size)
}

/// TIOCSWINSZ: sets it, and the terminal's foreground process group gets SIGWINCH.
pub fn resize(terminal: BorrowedFd, size: &Winsize) -> nix::Result<()> {
    // SAFETY: the kernel reads one such structure, which outlives the call.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const *size) }).map(drop)
}

/// TIOCSCTTY: the session that this process leads gets the terminal.
pub fn take_terminal(terminal: BorrowedFd) -> nix::Result<()> {
    // SAFETY: numbers only; 0 takes it from no other session.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY, 0) }).map(drop)
}

/// pidfd_send_signal(2).
pub fn pidfd_send_signal(process: BorrowedFd, signal: Signal) -> nix::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: without a siginfo_t there are only numbers.
    let result =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal as libc::c_int, none, 0) };
    Errno::result(result).map(drop)
}

/// _exit(2): ends this process at once, without running what the parent registered or flushing what
/// it buffered.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes a number and doesn't return.
    unsafe { libc::_exit(code) }
}

/// mount_setattr(2): sets attributes of the mount at `path`, and with AT_RECURSIVE in `flags` of
/// those below it.
pub fn mount_setattr(path: &CStr, flags: i32, attributes: u64) -> nix::Result<()> {
    let wanted = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    let size = size_of::<libc::mount_attr>();
    // SAFETY: path and structure outlive the call, which only reads them; the size is the structure's.
    let result = unsafe {
        libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, path.as_ptr(), flags, &raw const wanted, size)
    };
    Errno::result(result).map(drop)
}

/// open_tree(2): a copy of what is mounted at `path` and below, attached nowhere.
pub fn copy_of_mounts(path: &CStr) -> nix::Result<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | libc::AT_RECURSIVE as u32;
    // SAFETY: the path outlives the call.
    let number = Errno::result(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) })?;
    // SAFETY: the kernel has just made this descriptor, and nobody else has its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number as i32) })
}

/// move_mount(2): attaches such a copy to what a descriptor refers to.
pub fn attach(mounts: BorrowedFd, at: BorrowedFd) -> nix::Result<()> {
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH | libc::MOVE_MOUNT_T_EMPTY_PATH;
    let empty = c"".as_ptr();
    // SAFETY: the empty paths outlive the call, and the descriptors are borrowed.
    let result =
        unsafe { libc::syscall(libc::SYS_move_mount, mounts.as_raw_fd(), empty, at.as_raw_fd(), empty, flags) };
    Errno::result(result).map(drop)
}

/// Memory that is used, and that the kernel may take back when it wants some: madvise(2),
/// MADV_FREE. It stays mapped.
pub fn offer_memory(bytes: usize) -> io::Result<()> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping at an address of the kernel's choice touches no memory that is there.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is this long, writable, and nobody else's; it is never unmapped.
    unsafe { start.cast::<u8>().write_bytes(1, bytes) };
    // SAFETY: the same mapping; nobody relies on what is in it.
    match unsafe { libc::madvise(start, bytes, libc::MADV_FREE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Lets all others go first, as nice(2) does.
pub fn be_nice() {
    // SAFETY: a number only. It can be refused, and then nobody goes first.
    unsafe { libc::nice(19) };
}

/// Runs only where nobody else wants to, and is interrupted at once by whoever does: SCHED_IDLE,
/// sched(7).
pub fn be_idle() {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: the structure outlives the call, which only reads it. It can be refused, and then nobody
    // goes first.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) };
}

/// PR_CAPBSET_DROP: takes a capability from this thread's bounding set, for good.
pub fn drop_from_bounding(capability: u32) -> nix::Result<()> {
    // SAFETY: numbers only.
    let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(capability), 0, 0, 0) };
    Errno::result(result).map(drop)
}

/// PR_CAP_AMBIENT with one of its operations.
pub fn ambient(operation: libc::c_int, capability: u32) -> nix::Result<()> {
    let (operation, capability) = (operation as libc::c_ulong, libc::c_ulong::from(capability));
    // SAFETY: numbers only.
    let result = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, operation, capability, 0, 0) };
    Errno::result(result).map(drop)
}

/// capset(2), of this thread. Each set has two halves: capabilities 0 to 31, and those above.
pub fn capset(effective: u64, permitted: u64, inheritable: u64) -> nix::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    #[repr(C)]
    struct Half {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    // _LINUX_CAPABILITY_VERSION_3
    let header = Header { version: 0x2008_0522, pid: 0 };
    let half = |shift: u32| Half {
        effective: (effective >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let halves = [half(0), half(32)];
    // SAFETY: version 3 reads the header and two halves, which outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, halves.as_ptr()) };
    Errno::result(result).map(drop)
}

/// seccomp(2): installs a filter for this thread and its children.
pub fn install_filter(program: &[libc::sock_filter]) -> nix::Result<()> {
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program, and reads no more of it than its length says.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const filter) };
    Errno::result(result).map(drop)
}

/// clone(2) as the kernel has it, with these flags and no stack of its own: a fork. The caller has
/// one thread.
pub fn clone(flags: u64) -> nix::Result<Option<Pid>> {
    let flags = flags as libc::c_long | libc::c_long::from(libc::SIGCHLD);
    // SAFETY: as fork: no memory is shared (the caller gives flags of namespaces only), and
    // there is one thread.
    forked(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) })
}

/// The same by clone3(2), which has its flags in a structure.
pub fn clone3(flags: u64) -> nix::Result<Option<Pid>> {
    // SAFETY: all of it are numbers, for which 0 means "none".
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags;
    arguments.exit_signal = libc::SIGCHLD as u64;
    // SAFETY: as above; the structure outlives the call, and the size is its own.
    forked(unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) })
}

fn forked(result: libc::c_long) -> nix::Result<Option<Pid>> {
    let pid = Errno::result(result)?;
    Ok((pid != 0).then(|| Pid::from_raw(pid as i32)))
}

/// unshare(2) by the number that it has for 32-bit programs; `None` where the processor has no such
/// programs. Where the kernel lacks them, it ends the process.
#[cfg(target_arch = "x86_64")]
pub fn unshare_as_32bit(flags: u32) -> Option<nix::Result<()>> {
    const UNSHARE: i64 = 310;
    let mut result = UNSHARE;
    // SAFETY: the 32-bit entry takes its arguments in ebx to edi and returns in eax; rbx, which the
    // compiler keeps for itself, is put back. unshare takes no pointer.
    unsafe {
        std::arch::asm!("xchg {flags}, rbx", "int 0x80", "xchg {flags}, rbx", flags = inout(reg) u64::from(flags) => _,
            inout("rax") result, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    let result = result as i32;
    Some(if result < 0 { Err(Errno::from_raw(-result)) } else { Ok(()) })
}

#[cfg(not(target_arch = "x86_64"))]
pub fn unshare_as_32bit(_flags: u32) -> Option<nix::Result<()>> {
    None
}

/// lgetxattr(2): an attribute of a file, or of a link itself; ENODATA where there is none.
pub fn attribute(path: &CStr, name: &CStr) -> nix::Result<Vec<u8>> {
    // As long as one can be: xattr(7).
    let mut value = vec![0; 65536];
    // SAFETY: both strings outlive the call, and pointer and length are those of one buffer.
    let length = unsafe { libc::lgetxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    value.truncate(Errno::result(length)? as usize);
    Ok(value)
}

/// lsetxattr(2).
pub fn set_attribute(path: &CStr, name: &CStr, value: &[u8]) -> nix::Result<()> {
    // SAFETY: the strings outlive the call, and pointer and length are those of one value.
    let result = unsafe { libc::lsetxattr(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) };
    Errno::result(result).map(drop)
}

/// llistxattr(2): the names, each with a NUL at its end.
pub fn attribute_names(path: &CStr) -> nix::Result<Vec<u8>> {
    let mut names = vec![0u8; 65536];
    // SAFETY: the string outlives the call, and pointer and length are those of one buffer.
    let length = unsafe { libc::llistxattr(path.as_ptr(), names.as_mut_ptr().cast(), names.len()) };
    names.truncate(Errno::result(length)? as usize);
    Ok(names)
}

/// if_nametoindex(3), in this process's network namespace.
pub fn interface_index(name: &CStr) -> nix::Result<u32> {
    // SAFETY: the string outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Errno::last()),
        index => Ok(index),
    }
}
