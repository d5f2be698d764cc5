//! Exercise 6.10: one call stopped, and its cousin.
//!
//! A process in a container shall make no namespaces, since a new user namespace would give it all
//! capabilities. Write the filter. Read seccomp(2), clone(2); check with `cargo wb check 6.10`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use given::{NATIVE, answer, jump_if_any_bit, jump_if_equal, load};
use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, sock_filter};

/// A filter of system calls, for `given::install_filter`. With it, no namespace of the seven kinds
/// that clone(2) has can be made: `unshare` and `clone` fail with EPERM where a flag asks for one;
/// `clone3`, whose flags can't be seen, fails with ENOSYS. Calls of another architecture don't get
/// through. All else works.
///
/// Given are `load`, `jump_if_equal`, `jump_if_any_bit`, `answer`, and the architecture `NATIVE`.
pub fn no_new_namespaces() -> Vec<sock_filter> {
    todo!("a program of about a dozen instructions")
}
