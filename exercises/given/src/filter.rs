//! Filters of system calls: the pieces of their programs, and how one is installed.

use anyhow::{Context, Result};
use libc::sock_filter;

use crate::sys;

/// Loads 32 bits of what is known of the call (`seccomp_data`) into the one register: its number is
/// at 0, the architecture at 4, the arguments from 16 on, each of 64 bits.
pub fn load(offset: u32) -> sock_filter {
    sock_filter { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

/// Goes on behind the next `yes` instructions if the register is `value`, else behind
/// the next `no`.
pub fn jump_if_equal(value: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16, jt: yes, jf: no, k: value }
}

/// The same, if the register and `mask` have a bit in common.
pub fn jump_if_any_bit(mask: u32, yes: u8, no: u8) -> sock_filter {
    sock_filter { code: (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16, jt: yes, jf: no, k: mask }
}

/// Ends the program with the filter's answer: one of libc's SECCOMP_RET_….
pub fn answer(action: u32) -> sock_filter {
    sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: action }
}

/// The architecture of this program's calls, as `seccomp_data` has it.
pub const NATIVE: u32 = if cfg!(target_arch = "x86_64") {
    0xc000_003e
} else if cfg!(target_arch = "aarch64") {
    0xc000_00b7
} else {
    panic!("Coracle runs on x86_64 and aarch64")
};

/// Installs a filter, seccomp(2): it holds for this process and all that come from it, and nobody
/// can remove it. It needs CAP_SYS_ADMIN, or no_new_privs.
pub fn install_filter(program: &[sock_filter]) -> Result<()> {
    sys::install_filter(program)
        .with_context(|| format!("seccomp: the kernel refuses this filter of {} instructions", program.len()))
}
