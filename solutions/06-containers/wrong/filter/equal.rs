//! diagnosis: one-by-one
//! made by: whoever thinks of unshare(CLONE_NEWUSER), and tries that.

use given::{NATIVE, answer, jump_if_equal, load};
use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, sock_filter};

pub fn no_new_namespaces() -> Vec<sock_filter> {
    let fail = |errno: i32| answer(SECCOMP_RET_ERRNO | errno as u32);
    vec![
        load(4),
        jump_if_equal(NATIVE, 1, 0),
        fail(libc::EPERM),
        load(0),
        jump_if_equal(libc::SYS_clone3 as u32, 0, 1),
        fail(libc::ENOSYS),
        jump_if_equal(libc::SYS_unshare as u32, 1, 0),
        jump_if_equal(libc::SYS_clone as u32, 0, 9),
        load(16),
        jump_if_equal(libc::CLONE_NEWNS as u32, 6, 0),
        jump_if_equal(libc::CLONE_NEWCGROUP as u32, 5, 0),
        jump_if_equal(libc::CLONE_NEWUTS as u32, 4, 0),
        jump_if_equal(libc::CLONE_NEWIPC as u32, 3, 0),
        jump_if_equal(libc::CLONE_NEWUSER as u32, 2, 0),
        jump_if_equal(libc::CLONE_NEWPID as u32, 1, 0),
        jump_if_equal(libc::CLONE_NEWNET as u32, 0, 1),
        fail(libc::EPERM),
        answer(SECCOMP_RET_ALLOW),
    ]
}
