//! Who shares our terminal must not type on it.
//!
//! ioctl(2) with TIOCSTI puts a byte into a terminal's input, as if it had been typed. A program
//! that shares the terminal with its caller's shell can so write a command line for that shell,
//! which reads it when the program has ended, and runs it with the caller's rights, outside of any
//! container. TIOCLINUX does the same on a text console, by pasting. Since Linux 6.2 an
//! administrator can switch TIOCSTI off (`sysctl dev.tty.legacy_tiocsti=0`), though not for
//! CAP_SYS_ADMIN.
//!
//! Here a seccomp filter refuses both. It stays for all descendants, through fork and exec.

mod filter;
mod sys;

use std::fs::File;
use std::io::{IsTerminal, stderr, stdin, stdout};

use nix::errno::Errno;
use nix::sys::prctl::set_no_new_privs;

/// Whether this process, or what it becomes, could reach its caller's terminal: as stdin, stdout
/// or stderr, or as the session's own terminal, which /dev/tty opens however those are redirected.
pub fn is_within_reach() -> bool {
    stdin().is_terminal() || stdout().is_terminal() || stderr().is_terminal() || File::open("/dev/tty").is_ok()
}

/// From now on, this process and its descendants get EPERM from TIOCSTI and TIOCLINUX.
///
/// The kernel takes a filter from whoever has CAP_SYS_ADMIN in its user namespace: then set-user-ID
/// programs go on working. From others it takes one only after no_new_privs, which ends their
/// powers.
pub fn refuse_typing() -> nix::Result<()> {
    let program = filter::program();
    match sys::install(&program) {
        Err(Errno::EACCES) => {
            set_no_new_privs()?;
            sys::install(&program)
        }
        installed => installed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    /// Calls ioctl on a file that is no terminal, in a thread that may not type: a filter is a
    /// thread's own.
    fn answer(call: fn(i32, u64) -> nix::Result<()>, request: u64) -> nix::Result<()> {
        let attempt = move || {
            refuse_typing()?;
            let file = File::open("/dev/null").map_err(|_| Errno::ENOENT)?;
            call(file.as_raw_fd(), request)
        };
        std::thread::spawn(attempt).join().unwrap()
    }

    #[test]
    fn typing_is_refused_and_other_requests_are_not() {
        for request in [libc::TIOCSTI, libc::TIOCLINUX] {
            assert_eq!(answer(sys::ioctl, request), Err(Errno::EPERM));
        }
        assert_eq!(answer(sys::ioctl, libc::TIOCGWINSZ), Err(Errno::ENOTTY));
    }

    #[test]
    fn only_the_low_half_of_the_request_counts_as_for_the_kernel() {
        // A filter that compares all 64 bits lets this one through (CVE-2019-10063, CVE-2023-1523).
        assert_eq!(answer(sys::ioctl, libc::TIOCSTI | 1 << 32), Err(Errno::EPERM));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_32_bit_program_lives_and_may_not_type_either() {
        if !sys::runs_32_bit_programs() {
            return;
        }
        assert_eq!(answer(sys::ioctl_of_32_bit, libc::TIOCSTI), Err(Errno::EPERM));
        assert_eq!(answer(sys::ioctl_of_32_bit, libc::TIOCGWINSZ), Err(Errno::ENOTTY));
    }

    #[test]
    fn a_terminal_is_within_reach_or_not_whatever_runs_the_tests() {
        // The answer is the machine's; it must come without an error or a signal.
        let _ = is_within_reach();
    }
}
