//! Exercise 6.10: write a seccomp filter against new namespaces.
//!
//! A process in a container must not make namespaces, because a new user namespace would give it
//! all capabilities. Write the filter. Read seccomp(2) and clone(2). Check with `cargo wb check
//! 6.10`.

use given::{NATIVE, answer, jump_if_any_bit, jump_if_equal, load};
use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, sock_filter};

/// Returns a filter of system calls, for `given::install_filter`. It prevents new namespaces of the
/// seven kinds that clone(2) can make. `unshare` and `clone` fail with EPERM if they have one of
/// these flags. `clone3`, whose flags a filter can't read, fails with ENOSYS. System calls of
/// another architecture are refused. All other calls work.
///
/// Use `load`, `jump_if_equal`, `jump_if_any_bit`, `answer`, and the architecture `NATIVE`.
pub fn no_new_namespaces() -> Vec<sock_filter> {
    // wb:answer
    let fail = |errno: i32| answer(SECCOMP_RET_ERRNO | errno as u32);
    vec![
        load(ARCHITECTURE),
        jump_if_equal(NATIVE, 1, 0),
        fail(libc::EPERM),
        load(NUMBER),
        jump_if_equal(libc::SYS_clone3 as u32, 0, 1),
        fail(libc::ENOSYS),
        jump_if_equal(libc::SYS_unshare as u32, 1, 0),
        jump_if_equal(libc::SYS_clone as u32, 0, 3),
        load(FLAGS),
        jump_if_any_bit(NAMESPACES as u32, 0, 1),
        fail(libc::EPERM),
        answer(SECCOMP_RET_ALLOW),
    ]
    // wb:starter
    // todo!("write a program of about a dozen instructions")
    // wb:end
}

// wb:answer
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// The low half of the first argument.
const FLAGS: u32 = 16;

const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;
// wb:end
