//! What `nix` lacks, or has only as unsafe.
#![allow(unsafe_code)]

/// Marks every descriptor from `first` on as closed by exec: close_range(2), Linux 5.11.
pub(crate) fn close_on_exec_from(first: u32) {
    // SAFETY: changes a flag of descriptors, closes none.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// What stops and ends a program does so again, whatever the caller of `cargo test` ignores:
/// signal(7). A shell without job control, for one, starts `cargo test &` with SIGINT ignored, and
/// every program of a case would inherit that.
pub(crate) fn default_signals() {
    for signal in
        [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU]
    {
        // SAFETY: no handler, but the kernel's own action.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Runs `work` in the process that becomes `command`, just before it does.
pub(crate) fn before_exec(
    command: &mut std::process::Command,
    work: impl FnMut() -> std::io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: a case has a single thread, so nothing in the forked copy is locked for ever.
    unsafe { std::os::unix::process::CommandExt::pre_exec(command, work) };
}

/// Has this process killed by SIGIO when the next entry is removed from `directory`, by whomever:
/// F_NOTIFY of fcntl(2). The kernel sends it from within the removing call, so when this process
/// itself removes the entry it does nothing more.
pub fn die_at_next_removal_in(directory: &std::path::Path) -> anyhow::Result<()> {
    use std::os::fd::IntoRawFd;

    const DN_DELETE: libc::c_int = 8; // linux/fcntl.h

    // Left open: the kernel watches as long as it is.
    let directory = std::fs::File::open(directory)?.into_raw_fd();
    // SAFETY: takes no pointers. Nothing handles the signal, so its default ends the process.
    let watched = unsafe { libc::fcntl(directory, libc::F_NOTIFY, DN_DELETE) };
    nix::errno::Errno::result(watched).map(drop).map_err(Into::into)
}
