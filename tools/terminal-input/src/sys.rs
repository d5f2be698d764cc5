//! The calls that `nix` lacks.
#![allow(unsafe_code)]

use nix::errno::Errno;

/// seccomp(2): adds a filter to this thread.
pub(crate) fn install(program: &[libc::sock_filter]) -> nix::Result<()> {
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program, which outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    Errno::result(result).map(drop)
}

/// ioctl(2) with all 64 bits of the request.
#[cfg(test)]
pub(crate) fn ioctl(fd: i32, request: u64) -> nix::Result<()> {
    let mut place = [0u8; 64];
    // SAFETY: the requests that the tests make read or write less than that.
    Errno::result(unsafe { libc::syscall(libc::SYS_ioctl, fd, request, place.as_mut_ptr()) }).map(drop)
}

/// ioctl(2) as a 32-bit x86 program makes it: number 54, by interrupt 0x80.
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) fn ioctl_of_32_bit(fd: i32, request: u64) -> nix::Result<()> {
    let mut result: i64 = 54;
    // SAFETY: a null pointer: at worst the kernel answers EFAULT. The kernel keeps all other
    // registers; rbx is the compiler's own, so it is saved and put back.
    unsafe {
        std::arch::asm!(
            "xchg {fd}, rbx", "int 0x80", "xchg {fd}, rbx",
            fd = inout(reg) i64::from(fd) => _,
            inout("rax") result, in("rcx") request, in("rdx") 0,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    match result as i32 {
        0.. => Ok(()),
        error => Err(Errno::from_raw(-error)),
    }
}

/// Whether the kernel knows 32-bit calls; where it doesn't, the interrupt kills.
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) fn runs_32_bit_programs() -> bool {
    // SAFETY: the child calls nothing but the kernel.
    match unsafe { nix::unistd::fork() } {
        Ok(nix::unistd::ForkResult::Child) => {
            let _ = ioctl_of_32_bit(-1, 0);
            // SAFETY: ends the child.
            unsafe { libc::_exit(0) }
        }
        Ok(nix::unistd::ForkResult::Parent { child }) => {
            matches!(nix::sys::wait::waitpid(child, None), Ok(nix::sys::wait::WaitStatus::Exited(_, 0)))
        }
        Err(_) => false,
    }
}
