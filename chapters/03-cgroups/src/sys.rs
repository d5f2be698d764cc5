//! The system calls of this chapter that nix lacks: bpf(2) and getxattr(2).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use ch01_namespaces::Why;
use ch01_namespaces::explain::report;
use nix::errno::Errno;

use crate::v2::device_program::Instruction;

const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_PROG_ATTACH: libc::c_int = 8;
const BPF_PROG_TYPE_CGROUP_DEVICE: u32 = 15;
const BPF_CGROUP_DEVICE: u32 = 6;
const BPF_F_ALLOW_MULTI: u32 = 2;

/// The beginning of `union bpf_attr` for BPF_PROG_LOAD; what the kernel knows beyond it counts as
/// 0.
#[repr(C)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
}

/// The same for BPF_PROG_ATTACH.
#[repr(C)]
struct Attach {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
}

/// bpf(BPF_PROG_LOAD): the kernel checks the program and gives a descriptor of it.
pub fn load_device_program(why: &'static Why, program: &[Instruction]) -> Result<OwnedFd> {
    let load = Load {
        kind: BPF_PROG_TYPE_CGROUP_DEVICE,
        count: program.len() as u32,
        instructions: program.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        log_level: 0,
        log_size: 0,
        log: 0,
        kernel_version: 0,
        flags: 0,
    };
    // SAFETY: the structure, the program and the string outlive the call, which only reads them.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw const load, size_of::<Load>()) };
    let args = || vec!["BPF_PROG_LOAD".into(), format!("{} instructions", program.len())];
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    report(why, "bpf", args, Errno::result(result)).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// bpf(BPF_PROG_ATTACH): from now on it is asked. Programs of cgroups above are asked as well, and
/// all must say yes.
pub fn attach_device_program(
    why: &'static Why,
    cgroup: BorrowedFd<'_>,
    program: BorrowedFd<'_>,
    directory: &Path,
) -> Result<()> {
    let attach = Attach {
        target: cgroup.as_raw_fd() as u32,
        program: program.as_raw_fd() as u32,
        kind: BPF_CGROUP_DEVICE,
        flags: BPF_F_ALLOW_MULTI,
    };
    // SAFETY: the structure outlives the call, which only reads it.
    let result = unsafe { libc::syscall(libc::SYS_bpf, BPF_PROG_ATTACH, &raw const attach, size_of::<Attach>()) };
    let args = || vec!["BPF_PROG_ATTACH".into(), directory.display().to_string(), "BPF_CGROUP_DEVICE".into()];
    report(why, "bpf", args, Errno::result(result).map(drop))
}

/// getxattr(2), of short values; none also where we may not read it.
pub fn extended_attribute(path: &Path, name: &CStr) -> Option<Vec<u8>> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut value = [0u8; 16];
    // SAFETY: both names end with a zero, and the kernel writes no more than the length that it is
    // told.
    let length = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    usize::try_from(length).ok().map(|length| value[..length].to_vec())
}
