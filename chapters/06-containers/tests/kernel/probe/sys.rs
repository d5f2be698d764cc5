//! System calls with any number and any arguments, as an attacker makes them.
#![allow(unsafe_code)]

use nix::errno::Errno;

/// A call, whatever it is. What it returns, or the kernel's refusal.
pub fn call(number: i64, arguments: [i64; 6]) -> Result<i64, Errno> {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: it may do anything to this process, which exists for this one call.
    Errno::result(unsafe { libc::syscall(number, a, b, c, d, e, f) })
}

/// getpid by the number that it has for 32-bit programs.
#[cfg(target_arch = "x86_64")]
pub fn getpid_as_32_bit_programs_do() -> i32 {
    let result: i32;
    // SAFETY: getpid touches no memory; the kernel changes r8 to r11.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("eax") 20 => result,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    result
}

/// The address of something, to be passed to a call.
pub fn address<T: ?Sized>(of: &T) -> i64 {
    std::ptr::from_ref(of).cast::<u8>() as i64
}

/// TIOCSWINSZ.
pub fn set_window_size(terminal: std::os::fd::BorrowedFd<'_>, columns: u16, rows: u16) {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel reads the structure, which outlives the call.
    let set = unsafe { libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&terminal), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(set, 0, "TIOCSWINSZ");
}
