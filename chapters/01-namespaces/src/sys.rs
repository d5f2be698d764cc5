//! The system calls: the only place with `unsafe`, and the place where each call is reported to the
//! narration.
#![allow(unsafe_code)]

use std::ffi::{CString, OsString, c_int};
use std::fs::OpenOptions;
use std::io::Write;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::mount::MsFlags;
use nix::sched::CloneFlags;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::Pid;

use crate::explain::{self, report};
use crate::mapping::Range as IdRange;
use crate::namespaces::Namespaces;
use crate::steps::Why;
use crate::wait::Exit;

fn quoted(text: impl AsRef<Path>) -> String {
    format!("{:?}", text.as_ref())
}

/// Which side of a clone we are on.
pub(crate) enum Cloned {
    /// The process that called, with the child's id and a pidfd of it.
    Parent { child: Pid, pidfd: OwnedFd },
    /// The new process.
    Child,
}

/// clone3(2): a copy of this process, in new namespaces, born in `cgroup` if there is one.
///
/// The caller is single-threaded (see [`threads`]); otherwise a lock that another thread held would
/// stay locked in the child for ever. Where an outer sandbox knows no clone3 and answers ENOSYS
/// (Docker's default seccomp profile does, since it can't look behind clone3's pointer), clone(2)
/// does the same, except for what it has no flags for.
pub(crate) fn clone3(why: &'static Why, create: Namespaces, cgroup: Option<BorrowedFd<'_>>) -> Result<Cloned> {
    clone3_with(why, create, cgroup, 0)
}

/// clone3(2) with CLONE_PARENT: the new process is a sibling of this one, whose parent waits for
/// it. (Its exit signal is then ours, SIGCHLD, and may not be given.)
pub(crate) fn clone3_sibling(why: &'static Why, create: Namespaces, cgroup: Option<BorrowedFd<'_>>) -> Result<Cloned> {
    clone3_with(why, create, cgroup, libc::CLONE_PARENT as u64)
}

/// libc's is an int on gnu, where it overflows to 0.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

fn clone3_with(why: &'static Why, create: Namespaces, cgroup: Option<BorrowedFd<'_>>, parent: u64) -> Result<Cloned> {
    let mut pidfd: RawFd = -1;
    let exit_signal = if parent == 0 { libc::SIGCHLD as u64 } else { 0 };
    let mut flags = create.flags() | libc::CLONE_PIDFD as u64 | parent;
    let mut args = libc::clone_args { pidfd: &raw mut pidfd as u64, exit_signal, ..zeroed_clone_args() };
    if let Some(cgroup) = cgroup {
        flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    args.flags = flags;
    // SAFETY: without CLONE_VM this is a fork: the child gets its own copy of everything; `args`
    // outlives the call.
    let mut result = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    if result == -1 && Errno::last() == Errno::ENOSYS {
        let flags = flags & !CLONE_INTO_CGROUP | exit_signal;
        // SAFETY: as above. A null stack means "the parent's, copied"; clone(2) puts the pidfd where
        // parent_tid points.
        result = unsafe { libc::syscall(libc::SYS_clone, flags, 0, &raw mut pidfd, 0, 0) };
        if let (0, Some(cgroup)) = (result, cgroup) {
            // clone(2) has no way to say where to be born: the child moves itself. One that can't must not go
            // on; its end is the host's error.
            if move_to(cgroup).is_err() {
                exit_now(crate::failure::exit::OURS);
            }
        }
    }
    if result == 0 {
        return Ok(Cloned::Child);
    }
    let pid = report(why, "clone3", || vec![create.flag_names()], Errno::result(result))?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Cloned::Parent { child: Pid::from_raw(pid as i32), pidfd })
}

/// Writes "0", this process, to a cgroup's list: cgroups(7).
fn move_to(cgroup: BorrowedFd<'_>) -> nix::Result<()> {
    let list = openat(cgroup, "cgroup.procs", OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    nix::unistd::write(&list, b"0").map(drop)
}

fn zeroed_clone_args() -> libc::clone_args {
    // SAFETY: plain integers, for all of which 0 means "not used".
    unsafe { std::mem::zeroed() }
}

/// sethostname(2).
pub(crate) fn sethostname(why: &'static Why, name: &str) -> Result<()> {
    report(why, "sethostname", || vec![quoted(name)], nix::unistd::sethostname(name))
}

/// unshare(2): leaves namespaces for new ones of one's own. For PID and time, only children (and
/// the next program) are in.
pub(crate) fn unshare(why: &'static Why, namespaces: Namespaces) -> Result<()> {
    // CLONE_NEWTIME fits an int, though nix has no name for it.
    let flags = CloneFlags::from_bits_retain(namespaces.flags() as c_int);
    report(why, "unshare", || vec![namespaces.flag_names()], nix::sched::unshare(flags))
}

/// mount(2) of a new file system of type `kind`.
pub(crate) fn mount_new(why: &'static Why, kind: &str, target: &Path, flags: MsFlags) -> Result<()> {
    let result = nix::mount::mount(Some(kind), target, Some(kind), flags, None::<&str>);
    report(why, "mount", || vec![quoted(kind), quoted(target), quoted(kind), flag_names(flags), "NULL".into()], result)
}

/// mount(2) that changes the propagation of what is mounted at `target`: mount_namespaces(7).
pub(crate) fn mount_propagation(why: &'static Why, target: &Path, flags: MsFlags) -> Result<()> {
    let result = nix::mount::mount(None::<&str>, target, None::<&str>, flags, None::<&str>);
    let null = || "NULL".to_string();
    report(why, "mount", || vec![null(), quoted(target), null(), flag_names(flags), null()], result)
}

fn flag_names(flags: MsFlags) -> String {
    flags.iter_names().map(|(name, _)| name).collect::<Vec<_>>().join("|")
}

/// write(2) of a whole text into a file that exists already, in one call: id maps take no second
/// one.
pub(crate) fn write_file(why: &'static Why, path: &Path, text: &str) -> Result<()> {
    let result = OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    let result = result.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)));
    report(why, "write", || vec![path.display().to_string(), format!("{text:?}")], result)
}

/// newuidmap(1) or newgidmap(1): set-user-ID programs that write a map for us, as far as
/// /etc/subuid or subgid grants it.
pub(crate) fn run_id_map_helper(why: &'static Why, program: &str, pid: Pid, ranges: &[IdRange]) -> Result<()> {
    let args: Vec<String> = std::iter::once(pid.to_string())
        .chain(
            ranges.iter().flat_map(|range| [range.inside, range.outside, range.count].map(|number| number.to_string())),
        )
        .collect();
    explain::step(why, program, || args.clone(), None);
    let output = std::process::Command::new(program)
        .args(&args)
        .output()
        .with_context(|| format!("cannot run {program} (--map-root does without it)"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(anyhow!(
            "{program} {}: {}\ncause: /etc/subuid or /etc/subgid changed, or {program} has lost its set-user-ID bit\n\
             cure: --map-root does without it, with a single id",
            args.join(" "),
            said.trim()
        ));
    }
    Ok(())
}

/// seccomp(2): a filter that refuses TIOCSTI and TIOCLINUX, which type on a terminal.
pub(crate) fn refuse_typing(why: &'static Why) -> Result<()> {
    let args = || vec!["SECCOMP_SET_MODE_FILTER".into(), "0".into(), "[TIOCSTI, TIOCLINUX: EPERM]".into()];
    report(why, "seccomp", args, terminal_input::refuse_typing())
}

/// execve(2). It returns only when it failed.
pub(crate) fn execve(program: &CString, argv: &[CString], env: &[CString]) -> Errno {
    let Err(errno) = nix::unistd::execve(program, argv, env);
    errno
}

/// Its arguments, for the narration; the environment would fill the screen.
pub(crate) fn execve_args(program: &CString, argv: &[CString]) -> Vec<String> {
    vec![format!("{program:?}"), format!("{argv:?}"), "environ".into()]
}

/// How long a thread that has been joined may still be listed.
const THREADS_END: Duration = Duration::from_millis(200);

/// Whether this process has a single thread, by the entries of /proc/self/task. `join` returns when
/// the kernel has said that a thread ends, a moment before it takes it from that list.
pub(crate) fn is_single_threaded() -> Result<bool> {
    let end = Instant::now() + THREADS_END;
    loop {
        let tasks = std::fs::read_dir("/proc/self/task").map_err(|error| {
            anyhow!(
                "cannot count our threads in /proc/self/task ({error}): is /proc mounted? (mount -t proc proc /proc)"
            )
        })?;
        if tasks.count() == 1 {
            return Ok(true);
        }
        if Instant::now() >= end {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Leaves the child, without running what the host had registered for its own exit: buffers,
/// destructors, handlers.
pub(crate) fn exit_now(code: u8) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code.into()) }
}

/// Where the kernel finds a process's arguments and environment for /proc/PID/cmdline and
/// /proc/PID/environ: in the process's own memory, as execve(2) has laid it out.
#[derive(Debug, Clone)]
pub(crate) struct ShownMemory {
    arguments: Range<usize>,
    environment: Range<usize>,
}

impl ShownMemory {
    /// This process's; a forked child's is the same. Asked on the host, whose /proc can be trusted.
    pub fn of_this_process() -> Result<ShownMemory> {
        let stat = std::fs::read_to_string("/proc/self/stat").context("cannot read /proc/self/stat")?;
        // Fields 48 to 51 of proc_pid_stat(5); the second may have spaces in it.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().skip(45);
        let numbers: Vec<usize> = fields.take(4).map_while(|field| field.parse().ok()).collect();
        match numbers[..] {
            [argument, last_argument, variable, last_variable]
                if 0 < argument && argument <= last_argument && 0 < variable && variable <= last_variable =>
            {
                Ok(ShownMemory { arguments: argument..last_argument, environment: variable..last_variable })
            }
            _ => bail!("/proc/self/stat does not say where our arguments and environment are"),
        }
    }

    /// Puts whole entries in the place of the environment, as far as there is room, and zero bytes
    /// after them. What [`std::env`] says afterwards means nothing any more.
    pub fn show_environment(&self, entries: impl Iterator<Item = OsString>) {
        let mut shown = Vec::new();
        for entry in entries.map(OsString::into_vec) {
            if shown.len() + entry.len() < self.environment.len() {
                shown.extend(entry);
                shown.push(0);
            }
        }
        overwrite(&self.environment, &shown);
    }

    /// Puts one argument in the place of all.
    pub fn show_argument(&self, argument: &str) {
        // The last byte stays zero: it ends the text.
        let room = argument.len().min(self.arguments.len().saturating_sub(1));
        overwrite(&self.arguments, &argument.as_bytes()[..room]);
    }
}

fn overwrite(place: &Range<usize>, text: &[u8]) {
    // SAFETY: the kernel made this memory writable at our execve and says where it is; it stays until
    // the next one. Nothing here holds a reference into it: `std::env` copies what it reads.
    let place = unsafe { std::slice::from_raw_parts_mut(place.start as *mut u8, place.len()) };
    place.fill(0);
    place[..text.len()].copy_from_slice(text);
}

/// A signal that was waited for, and siginfo's `si_code`: who raised it, see sigaction(2).
pub(crate) struct Arrived {
    pub signal: Signal,
    pub code: c_int,
}

/// sigwaitinfo(2): the next of the blocked signals in `mask`.
pub(crate) fn wait_for_signal(mask: &SigSet) -> nix::Result<Arrived> {
    // SAFETY: plain integers and pointers, all of which may be 0; the kernel fills it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call.
    let signal = Errno::result(unsafe { libc::sigwaitinfo(mask.as_ref(), &mut info) })?;
    Ok(Arrived { signal: Signal::try_from(signal)?, code: info.si_code })
}

/// Whose end is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// The process of this pidfd.
    Process(BorrowedFd<'a>),
    /// Any child.
    AnyChild,
}

/// waitid(2): how a process ended, and its number. `None` when nobody has ended and `flags` say
/// WNOHANG.
///
/// Not nix's: it has no names for real-time signals, so a child that one of them killed is reaped
/// and then is an error (EINVAL), with its status lost.
pub(crate) fn wait_for_end(whose: Whose<'_>, flags: c_int) -> nix::Result<Option<(Pid, Exit)>> {
    let (kind, id) = match whose {
        Whose::Process(pidfd) => (libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t),
        Whose::AnyChild => (libc::P_ALL, 0),
    };
    // SAFETY: plain integers and pointers, all of which may be 0; the kernel fills it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: the structure outlives the call.
    Errno::result(unsafe { libc::waitid(kind, id, &raw mut info, libc::WEXITED | flags) })?;
    // SAFETY: waitid(2) fills these fields, or leaves them 0 when nobody has ended.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    let exit = if info.si_code == libc::CLD_EXITED { Exit::Status(status as u8) } else { Exit::Killed(status) };
    Ok((pid != 0).then_some((Pid::from_raw(pid), exit)))
}

/// setdomainname(2).
pub(crate) fn setdomainname(why: &'static Why, name: &str) -> Result<()> {
    // SAFETY: pointer and length belong to one string.
    let result = Errno::result(unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) }).map(drop);
    report(why, "setdomainname", || vec![quoted(name)], result)
}

/// setns(2): into the namespaces of the given kinds; `fd` is a file of /proc/PID/ns or a pidfd.
pub(crate) fn setns(why: &'static Why, fd: BorrowedFd<'_>, kinds: Namespaces) -> Result<()> {
    let flags = CloneFlags::from_bits_retain(kinds.flags() as c_int);
    let args = || vec![fd.as_raw_fd().to_string(), kinds.flag_names()];
    report(why, "setns", args, nix::sched::setns(fd, flags))
}

/// The user namespace that owns a namespace: ioctl_nsfs(2).
pub(crate) fn owner_of(namespace: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    const NS_GET_USERNS: libc::Ioctl = 0xb701u32 as libc::Ioctl;
    // SAFETY: takes no pointer and returns a new descriptor.
    let fd = Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_USERNS) })?;
    Ok(own(fd))
}

/// The user, in our own user namespace, who made a user namespace: ioctl_nsfs(2).
pub(crate) fn maker_of(user_namespace: BorrowedFd<'_>) -> nix::Result<u32> {
    const NS_GET_OWNER_UID: libc::Ioctl = 0xb704u32 as libc::Ioctl;
    let mut uid: libc::uid_t = 0;
    // SAFETY: the kernel writes one uid_t there.
    Errno::result(unsafe { libc::ioctl(user_namespace.as_raw_fd(), NS_GET_OWNER_UID, &raw mut uid) })?;
    Ok(uid)
}

/// Which kind of namespace a file is: NS_GET_NSTYPE of ioctl_nsfs(2). ENOTTY when it is no
/// namespace at all.
pub(crate) fn kind_of_namespace(file: BorrowedFd<'_>) -> nix::Result<u64> {
    const NS_GET_NSTYPE: libc::Ioctl = 0xb703u32 as libc::Ioctl;
    // SAFETY: takes no pointer and returns a CLONE_NEW flag.
    let flag = Errno::result(unsafe { libc::ioctl(file.as_raw_fd(), NS_GET_NSTYPE) })?;
    Ok(flag as u32 as u64)
}

/// msgget(2): a new System V message queue, in this process's IPC namespace.
pub(crate) fn message_queue() -> nix::Result<()> {
    // SAFETY: takes no pointers.
    Errno::result(unsafe { libc::msgget(libc::IPC_PRIVATE, 0o600) }).map(drop)
}

/// Marks every descriptor above stderr close-on-exec: close_range(2). What the caller had open is
/// none of the container's business (CVE-2024-21626 was a leaked directory).
pub(crate) fn close_on_exec_above_stderr() -> nix::Result<()> {
    close_range_above_stderr(libc::CLOSE_RANGE_CLOEXEC)
}

/// Closes every descriptor above stderr, also what has an owner in this process: for processes that
/// have opened nothing yet, or that end without running anything of an owner's.
pub fn close_above_stderr() -> nix::Result<()> {
    close_range_above_stderr(0)
}

fn close_range_above_stderr(flags: u32) -> nix::Result<()> {
    // SAFETY: takes no pointers.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, flags) };
    Errno::result(result).map(drop)
}

/// Puts /dev/null in the place of stdin, stdout and stderr where they are pipes: whoever reads at
/// the other end waits until all have closed it, and a container that was only created may never be
/// started. `id=$(… create …)` would hang.
pub(crate) fn let_go_of_pipes() {
    let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") else { return };
    for fd in 0..=2 {
        // SAFETY: a descriptor that isn't open is an error, and nothing else happens.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        let is_pipe = fstat(borrowed).is_ok_and(|meta| meta.st_mode & libc::S_IFMT == libc::S_IFIFO);
        if is_pipe {
            // SAFETY: replaces a descriptor of ours by another; nothing in this process owns the first three.
            unsafe { libc::dup2(null.as_raw_fd(), fd) };
        }
    }
}

/// Leaves terminal and open files behind: /dev/null in the place of the first three, `link` under
/// the number `at`, and everything else close-on-exec.
pub(crate) fn become_background(link: BorrowedFd<'_>, at: RawFd) -> Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null").context("cannot open /dev/null")?;
    // Away from the numbers that are about to be replaced.
    let link = nix::fcntl::fcntl(link, nix::fcntl::FcntlArg::F_DUPFD_CLOEXEC(at + 1)).context("fcntl")?;
    for (from, to) in [(null.as_raw_fd(), 0), (null.as_raw_fd(), 1), (null.as_raw_fd(), 2), (link, at)] {
        // SAFETY: both are numbers of descriptors; what was open under the second is closed, and nobody
        // uses it any more.
        Errno::result(unsafe { libc::dup2(from, to) }).context("dup2")?;
    }
    // SAFETY: takes no pointers.
    let rest = unsafe { libc::syscall(libc::SYS_close_range, at as u32 + 1, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    Errno::result(rest).context("close_range")?;
    Ok(())
}

/// pidfd_send_signal(2): the signal reaches that process or nobody, never one that took over its
/// id.
pub(crate) fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: Signal) -> nix::Result<()> {
    // SAFETY: a null siginfo means what kill(2) would send.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal as c_int, std::ptr::null::<()>(), 0)
    };
    Errno::result(result).map(drop)
}

/// pidfd_open(2).
pub(crate) fn pidfd_open(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: takes no pointers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// pidfd_send_signal(2) with a signal by its number: real-time signals have no names.
pub fn signal(pidfd: BorrowedFd<'_>, signal: c_int) -> nix::Result<()> {
    // SAFETY: a null siginfo means what kill(2) would send.
    let result =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, std::ptr::null::<()>(), 0) };
    match Errno::result(result) {
        // It has ended a moment ago.
        Err(Errno::ESRCH) => Ok(()),
        sent => sent.map(drop),
    }
}

/// Takes over descriptors that came as bare numbers, from SCM_RIGHTS or accept4(2).
pub fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: called with descriptors that the kernel has just made for us.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Sets a signal's disposition to the default or to "ignore", and returns whether it was ignored
/// before.
pub(crate) fn set_ignored(signal: Signal, ignored: bool) -> nix::Result<bool> {
    let handler = if ignored { SigHandler::SigIgn } else { SigHandler::SigDfl };
    // SAFETY: no handler function is installed.
    let old = unsafe { sigaction(signal, &SigAction::new(handler, SaFlags::empty(), SigSet::empty())) }?;
    Ok(matches!(old.handler(), SigHandler::SigIgn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_spelled_as_in_c() {
        assert_eq!(flag_names(MsFlags::MS_REC | MsFlags::MS_PRIVATE), "MS_REC|MS_PRIVATE");
    }
}
