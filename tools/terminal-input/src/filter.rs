//! The filter: a program for the kernel's small machine, which runs at each system call.
//!
//! It sees the call's number, the architecture that gives the number its meaning, and the arguments
//! as numbers (struct seccomp_data in seccomp(2)).

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO};
use libc::{seccomp_data, sock_filter};
use std::mem::offset_of;

/// The numbers of ioctl(2): one processor runs programs of several kinds, each with numbers of its
/// own. (On x86-64, x32 programs are of the first kind, with a bit set in the number.)
const IOCTL: &[(u32, &[u32])] = &[
    #[cfg(target_arch = "x86_64")]
    (0xC000_003E, &[16, X32 | 514, X32 | 16, 514]), // AUDIT_ARCH_X86_64
    #[cfg(target_arch = "x86_64")]
    (0x4000_0003, &[54]), // AUDIT_ARCH_I386
    #[cfg(target_arch = "aarch64")]
    (0xC000_00B7, &[29]), // AUDIT_ARCH_AARCH64
    #[cfg(target_arch = "aarch64")]
    (0x4000_0028, &[54]), // AUDIT_ARCH_ARM
    #[cfg(target_arch = "riscv64")]
    (0xC000_00F3, &[29]), // AUDIT_ARCH_RISCV64
];

#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

// ANCHOR: program
/// The program, from its end to its beginning, since jumps only go forwards.
pub(crate) fn program() -> Vec<sock_filter> {
    // Only the low half of the request: the kernel looks at no more, and an attacker sets the rest.
    let check = [
        load(offset_of!(seccomp_data, args) + size_of::<u64>() + LOW_HALF),
        jump_if_equal(libc::TIOCSTI as u32, 2, 0),
        jump_if_equal(libc::TIOCLINUX as u32, 1, 0),
        answer(SECCOMP_RET_ALLOW),
        answer(SECCOMP_RET_ERRNO | libc::EPERM as u32),
    ];
    // A kind of program that we don't know of: none of its calls is there.
    let mut program = vec![answer(SECCOMP_RET_ERRNO | libc::ENOSYS as u32)];
    program.extend(check);
    for (architecture, numbers) in IOCTL.iter().rev() {
        let to_check = program.len() - check.len();
        let mut block = vec![jump_if_equal(*architecture, 0, numbers.len() + 2)];
        block.push(load(offset_of!(seccomp_data, nr)));
        for (index, number) in numbers.iter().enumerate() {
            block.push(jump_if_equal(*number, numbers.len() - index + to_check, 0));
        }
        block.push(answer(SECCOMP_RET_ALLOW));
        program.splice(..0, block);
    }
    program.insert(0, load(offset_of!(seccomp_data, arch)));
    program
}
// ANCHOR_END: program

const LOW_HALF: usize = if cfg!(target_endian = "big") { 4 } else { 0 };

fn load(offset: usize) -> sock_filter {
    sock_filter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jt: 0, jf: 0, k: offset as u32 }
}

/// Skips `equal` instructions if the loaded word is `value`, and otherwise `different`.
fn jump_if_equal(value: u32, equal: usize, different: usize) -> sock_filter {
    sock_filter { code: (BPF_JMP | BPF_JEQ | BPF_K) as u16, jt: equal as u8, jf: different as u8, k: value }
}

fn answer(value: u32) -> sock_filter {
    sock_filter { code: (BPF_RET | BPF_K) as u16, jt: 0, jf: 0, k: value }
}
