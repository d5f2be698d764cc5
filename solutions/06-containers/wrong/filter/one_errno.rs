//! diagnosis: clone3-eperm
//! made by: libseccomp's users, who give one errno for all: Docker in 2021, with glibc 2.34.

use given::{NATIVE, answer, jump_if_any_bit, jump_if_equal, load};
use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, sock_filter};

pub fn no_new_namespaces() -> Vec<sock_filter> {
    let fail = |errno: i32| answer(SECCOMP_RET_ERRNO | errno as u32);
    vec![
        load(4),
        jump_if_equal(NATIVE, 1, 0),
        fail(libc::EPERM),
        load(0),
        jump_if_equal(libc::SYS_clone3 as u32, 0, 1),
        fail(libc::EPERM),
        jump_if_equal(libc::SYS_unshare as u32, 1, 0),
        jump_if_equal(libc::SYS_clone as u32, 0, 3),
        load(16),
        jump_if_any_bit(0x7e02_0000, 0, 1),
        fail(libc::EPERM),
        answer(SECCOMP_RET_ALLOW),
    ]
}
