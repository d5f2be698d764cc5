//! The child that tries. After the clone it may do nothing but raw system calls: another thread of
//! the parent may have held the allocator's lock.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::null;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::pipe2;

use crate::step::Step;

/// The lines for uid_map and gid_map, made before the clone.
pub(crate) struct Maps {
    pub uid: CString,
    pub gid: CString,
}

/// Takes the steps in order up to the first that is refused: 0 or an errno for each that was tried.
/// The first step is the clone itself, with a user namespace if there are maps.
pub(crate) fn attempt(steps: &[Step], maps: Option<&Maps>) -> Vec<i32> {
    let (reader, writer) = match pipe2(OFlag::O_CLOEXEC) {
        Ok(ends) => ends,
        Err(errno) => return vec![errno as i32],
    };
    let namespaces = libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWCGROUP;
    let flags = namespaces | if maps.is_some() { libc::CLONE_NEWUSER } else { 0 };
    // A signal handler of the caller must not run in the child.
    let mut before = SigSet::empty();
    let blocked = nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before));
    // No exit signal in the flags: the parent gets no SIGCHLD, and no wait(-1) of another thread takes
    // our child. SAFETY: without CLONE_VM the child has a copy of this thread's stack, as after
    // fork(2).
    let child = unsafe { libc::syscall(libc::SYS_clone, flags as libc::c_ulong, 0, 0, 0, 0) };
    if child == 0 {
        take(steps, maps, writer.as_raw_fd());
    }
    let refused = (child < 0).then(Errno::last_raw);
    if blocked.is_ok() {
        let _ = before.thread_set_mask();
    }
    drop(writer);
    if let Some(errno) = refused {
        return vec![errno];
    }
    let answers = read_answers(reader);
    // SAFETY: a null status is allowed; __WALL because the child has no exit signal.
    while unsafe { libc::waitpid(child as i32, std::ptr::null_mut(), libc::__WALL) } < 0
        && Errno::last() == Errno::EINTR
    {}
    answers
}

fn read_answers(reader: OwnedFd) -> Vec<i32> {
    let mut bytes = Vec::new();
    // What was heard until an error counts.
    let _ = File::from(reader).read_to_end(&mut bytes);
    bytes.chunks_exact(4).map(|answer| i32::from_ne_bytes([answer[0], answer[1], answer[2], answer[3]])).collect()
}

/// The child's whole life. Being there, it has taken the first step.
fn take(steps: &[Step], maps: Option<&Maps>, report: RawFd) -> ! {
    for &step in steps {
        let answer = match (step, maps) {
            (Step::Setgroups, Some(_)) => write_file(c"/proc/self/setgroups", c"deny"),
            (Step::UidMap, Some(maps)) => write_file(c"/proc/self/uid_map", &maps.uid),
            (Step::GidMap, Some(maps)) => write_file(c"/proc/self/gid_map", &maps.gid),
            (Step::Clone | Step::Setgroups | Step::UidMap | Step::GidMap, _) => 0,
            (Step::Hostname, _) => set_hostname(),
            (Step::Propagation, _) => mount(c"none", c"/", null(), libc::MS_REC | libc::MS_PRIVATE),
            (Step::Proc, _) => {
                let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
                mount(c"proc", c"/proc", c"proc".as_ptr(), flags)
            }
        };
        let bytes = answer.to_ne_bytes();
        // SAFETY: the four bytes outlive the call.
        unsafe { libc::write(report, bytes.as_ptr().cast(), bytes.len()) };
        if answer != 0 {
            break;
        }
    }
    // SAFETY: takes a number, doesn't return.
    unsafe { libc::_exit(0) }
}

fn answer(result: i64) -> i32 {
    if result < 0 { Errno::last_raw() } else { 0 }
}

fn set_hostname() -> i32 {
    let name = b"doctor";
    // SAFETY: the name outlives the call, its length is given.
    answer(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }.into())
}

fn mount(source: &CStr, target: &CStr, kind: *const libc::c_char, flags: libc::c_ulong) -> i32 {
    // SAFETY: C strings that outlive the call; the kind is one or null, as are the options.
    answer(unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind, flags, null()) }.into())
}

fn write_file(path: &CStr, line: &CStr) -> i32 {
    // SAFETY: a C string that outlives the call.
    let file = unsafe { libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC) };
    if file < 0 {
        return Errno::last_raw();
    }
    // SAFETY: just opened, and ours.
    let file = unsafe { OwnedFd::from_raw_fd(file) };
    let bytes = line.to_bytes();
    // SAFETY: the bytes outlive the call, their number is given.
    answer(unsafe { libc::write(file.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) } as i64)
}
