//! The system calls of this chapter: terminals, and standing in for the first three descriptors.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::setsid;

/// Opens a pair: the end for us, and the end for the container. /dev/ptmx is on a file system that was mounted a moment ago,
/// and the other end is opened by the first (TIOCGPTPEER), not by a name (ioctl_tty(2)).
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

/// Makes a terminal this process's own: a new session, whose controlling terminal it is (TIOCSCTTY), and the first three
/// descriptors.
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
