//! Exercise 6.10: one call stopped, and its cousin.
//!
//! A process in a container shall make no namespaces, since a new user namespace would give it all
//! capabilities. Write the filter. Read seccomp(2), clone(2); check with `cargo wb check 6.10`.

use given::{NATIVE, answer, jump_if_any_bit, jump_if_equal, load};
use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, sock_filter};

/// A filter of system calls, for `given::install_filter`. With it, no namespace of the seven kinds
/// that clone(2) has can be made: `unshare` and `clone` fail with EPERM where a flag asks for one;
/// `clone3`, whose flags can't be seen, fails with ENOSYS. Calls of another architecture don't get
/// through. All else works.
///
/// Given are `load`, `jump_if_equal`, `jump_if_any_bit`, `answer`, and the architecture `NATIVE`.
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
    // todo!("a program of about a dozen instructions")
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
