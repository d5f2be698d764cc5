//! The one system call that `nix` lacks.
#![allow(unsafe_code)]

/// Marks every descriptor from `first` on as closed by exec: close_range(2), Linux 5.11.
pub(crate) fn close_on_exec_from(first: u32) {
    // SAFETY: changes a flag of descriptors, closes none.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}
