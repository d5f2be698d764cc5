//! The system calls of this chapter: terminals, and standing in for the first three descriptors.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::setsid;

/// Opens a pair: the end for us, and the end for the container. /dev/ptmx is on a file system that
/// was mounted a moment ago, and the other end is opened by the first (TIOCGPTPEER), not by a name
/// (ioctl_tty(2)).
pub(crate) fn open_terminal() -> Result<(OwnedFd, OwnedFd)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let ours = open("/dev/ptmx", flags, Mode::empty()).context("open: /dev/ptmx")?;
    let unlocked: libc::c_int = 0;
    // SAFETY: the kernel reads one int.
    Errno::result(unsafe { libc::ioctl(ours.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlocked) })
        .context("TIOCSPTLCK")?;
    // SAFETY: takes flags, and gives a new descriptor.
    let theirs = Errno::result(unsafe { libc::ioctl(ours.as_raw_fd(), libc::TIOCGPTPEER, flags.bits()) });
    let theirs = theirs.context("TIOCGPTPEER")?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok((ours, unsafe { OwnedFd::from_raw_fd(theirs) }))
}

/// Makes a terminal this process's own: a new session, whose controlling terminal it is
/// (TIOCSCTTY), and the first three descriptors.
pub(crate) fn take_terminal(terminal: BorrowedFd<'_>) -> Result<()> {
    setsid().context("setsid")?;
    // SAFETY: 0 means not to take it away from somebody else.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY, 0) }).context("TIOCSCTTY")?;
    for fd in 0..=2 {
        replace(fd, terminal)?;
    }
    Ok(())
}

/// dup2(2) onto one of the first three descriptors.
pub(crate) fn replace(fd: i32, by: BorrowedFd<'_>) -> Result<()> {
    debug_assert!((0..=2).contains(&fd));
    // SAFETY: nothing in this process owns the first three descriptors.
    Errno::result(unsafe { libc::dup2(by.as_raw_fd(), fd) }).context("dup2")?;
    Ok(())
}

/// TIOCSWINSZ.
pub(crate) fn set_window_size(terminal: BorrowedFd<'_>, columns: u16, rows: u16) -> Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel reads the structure, which outlives the call.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) })
        .context("TIOCSWINSZ")?;
    Ok(())
}

/// TIOCGWINSZ: letters and lines.
pub(crate) fn window_size(terminal: BorrowedFd<'_>) -> Result<(u16, u16)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel writes the structure, which outlives the call.
    Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) })
        .context("TIOCGWINSZ")?;
    Ok((size.ws_col, size.ws_row))
}

/// fork(2) by a process with a single thread: `true` in the child.
pub(crate) fn fork() -> Result<bool> {
    // SAFETY: the caller has a single thread, so that no lock stays locked in the child.
    Ok(unsafe { nix::unistd::fork() }.context("fork")?.is_child())
}

/// The descriptor that this program was started with as its stdin, taken over.
pub(crate) fn take_stdin() -> Result<OwnedFd> {
    let null = std::fs::File::open("/dev/null").context("cannot open /dev/null")?;
    // SAFETY: a duplicate of an open descriptor; then nothing in this process owns number 0.
    let taken = Errno::result(unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) }).context("there is no stdin")?;
    // SAFETY: the kernel has just made this descriptor for us.
    let taken = unsafe { OwnedFd::from_raw_fd(taken) };
    replace(0, std::os::fd::AsFd::as_fd(&null))?;
    Ok(taken)
}

/// The header and data of capset(2), version 3: two words for 64 bits.
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct CapabilityData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// capset(2): effective and permitted, as far as we have them; nothing inheritable.
pub(crate) fn set_capabilities(keep: u64) -> Result<()> {
    let mut header = CapabilityHeader { version: CAPABILITY_VERSION_3, pid: 0 };
    let mut now = [CapabilityData { effective: 0, permitted: 0, inheritable: 0 }; 2];
    // SAFETY: the kernel reads the header and writes two structures, as version 3 has it.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, now.as_mut_ptr()) }).context("capget")?;
    let half = |index: usize| {
        let bits = (keep >> (32 * index)) as u32 & now[index].permitted;
        CapabilityData { effective: bits, permitted: bits, inheritable: 0 }
    };
    let wanted = [half(0), half(1)];
    header.version = CAPABILITY_VERSION_3;
    // SAFETY: the kernel reads both.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, &raw mut header, wanted.as_ptr()) }).context("capset")?;
    Ok(())
}

/// PR_CAPBSET_DROP for all but `keep`: no program will ever have them again.
pub(crate) fn drop_bounding(keep: u64) -> Result<()> {
    for number in 0..64 {
        // SAFETY: takes numbers.
        let has = unsafe { libc::prctl(libc::PR_CAPBSET_READ, number, 0, 0, 0) };
        // EINVAL: the kernel knows no more.
        if has == 1 && keep >> number & 1 == 0 {
            // SAFETY: takes numbers.
            Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) }).context("PR_CAPBSET_DROP")?;
        }
    }
    Ok(())
}

/// PR_CAP_AMBIENT_CLEAR_ALL.
pub(crate) fn clear_ambient() -> Result<()> {
    // SAFETY: takes numbers.
    let cleared = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) };
    Errno::result(cleared).context("PR_CAP_AMBIENT_CLEAR_ALL")?;
    Ok(())
}

/// PR_SET_KEEPCAPS: the change of user that follows takes no permitted capability away; what
/// follows that does.
pub(crate) fn keep_capabilities() -> Result<()> {
    // SAFETY: takes numbers.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0) }).context("PR_SET_KEEPCAPS")?;
    Ok(())
}

/// seccomp(2) with SECCOMP_SET_MODE_FILTER.
pub(crate) fn install_filter(program: &seccompiler::BpfProgram) -> Result<()> {
    let program = libc::sock_fprog {
        len: program.len() as u16,
        // The kernel reads it; both structures are the kernel's `sock_filter`.
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    const SECCOMP_SET_MODE_FILTER: libc::c_uint = 1;
    // SAFETY: the program outlives the call, and its length is its own.
    let set = unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    Errno::result(set).context("seccomp: cannot install the filter")?;
    Ok(())
}

/// keyctl(2) with KEYCTL_JOIN_SESSION_KEYRING: a new one that nobody named.
pub(crate) fn new_session_keyring() -> nix::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    // SAFETY: a null name asks for a keyring without one.
    let joined =
        unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
    Errno::result(joined).map(drop)
}

/// Gives the pages of the heap that are free back to the kernel: malloc_trim(3), which only glibc
/// has. Reading flags takes memory that a shim never needs again.
pub fn give_back_free_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim takes no pointer, and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
