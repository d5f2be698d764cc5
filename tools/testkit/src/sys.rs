//! The one system call that `nix` lacks.
#![allow(unsafe_code)]

/// Marks every descriptor from `first` on as closed by exec: close_range(2), Linux 5.11.
pub(crate) fn close_on_exec_from(first: u32) {
    // SAFETY: changes a flag of descriptors, closes none.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// Runs `work` in the process that becomes `command`, just before it does.
pub(crate) fn before_exec(
    command: &mut std::process::Command,
    work: impl FnMut() -> std::io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: a case has a single thread, so nothing in the forked copy is locked for ever.
    unsafe { std::os::unix::process::CommandExt::pre_exec(command, work) };
}
