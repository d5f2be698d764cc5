//! Our own program file, out of the container's reach (CVE-2019-5736).
//!
//! Until it becomes the command, a container's first process runs *our* program; with `--init` it
//! does so to the end. In the container, `/proc/1/exe` is then a door to our file on the host. It
//! opens even where the container's root file system doesn't have that file. While a program runs,
//! the kernel refuses to write to its file (ETXTBSY). But a descriptor of it can be kept until
//! nobody runs it any more, and be opened again for writing, by `/proc/self/fd`: in 2019 containers
//! replaced the host's `runc` like that, and the next container was made by the attacker's program,
//! as root.
//!
//! So a process that makes or enters containers first starts itself again, from a file that nobody
//! can write to:
//!
//! - with root's powers, from a read-only mount of the file: nothing is copied. The mount is
//!   attached nowhere and ends with its last user. Nobody can make it writable again, since
//!   mount_setattr(2) wants a mount that is still in some mount namespace;
//! - otherwise from a copy in memory, a memfd, whose seals the kernel keeps for ever.
//!
//! An ordinary user who runs a program that only root may write to needs neither: root is no id of
//! their containers.

mod sys;

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, FcntlArg, OFlag, SealFlag, fcntl, open};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::sys::stat::{Mode, fstat};
use nix::sys::statvfs::{FsFlags, fstatvfs};
use nix::unistd::{Uid, execveat};

use crate::explain::note;
use crate::steps;

const OWN: &str = "/proc/self/exe";

/// Tells the process that starts again where its file is on disk.
const VARIABLE: &str = "CORACLE_PROGRAM";

static PATH: OnceLock<PathBuf> = OnceLock::new();

// ANCHOR: protect
/// Starts this program again from a file that can't be written to, with the same arguments, unless
/// it runs from one already. To be called first in `main`: what was done before is lost.
pub fn protect() -> Result<()> {
    let path = sys::take_variable(VARIABLE);
    let own = open_to_read(OWN).context("cannot open /proc/self/exe")?;
    if is_unwritable(&own) || is_roots_alone(&own) {
        take_name(path.as_deref());
        if let Some(path) = path {
            let _ = PATH.set(path.into());
        }
        return Ok(());
    }
    let protected = read_only_mount().or_else(|_| sealed_copy(own))?;
    note(&steps::PROTECT_PROGRAM, "execveat", || vec![OWN.into(), "AT_EMPTY_PATH".into()]);
    Err(start_again(&protected)).context("execveat: cannot start our protected program")
}

/// On a read-only mount, or sealed. Asked of the kernel: a variable could be somebody else's.
fn is_unwritable(file: &OwnedFd) -> bool {
    let has = |flag| fstatvfs(file).is_ok_and(|stat| stat.flags().contains(flag));
    let seals = fcntl(file, FcntlArg::F_GET_SEALS).unwrap_or(0);
    has(FsFlags::ST_RDONLY) || seals & SEALS.bits() == SEALS.bits()
}

/// Whether we are an ordinary user, and root has this file, and nobody else may write to it. No
/// container of ours can be its owner, then: an id that is mapped into a user namespace is our own,
/// or one that /etc/subuid grants us, and root is neither. What is mapped nowhere can't be written
/// to by any powers there (user_namespaces(7)).
fn is_roots_alone(file: &OwnedFd) -> bool {
    fstat(file).is_ok_and(|stat| protects_from(Uid::effective(), stat.st_uid, stat.st_mode))
}

/// With an access control list, the mode's bits for the group are the most that anybody but the
/// owner and others may do (acl(5)).
fn protects_from(caller: Uid, owner: u32, mode: u32) -> bool {
    !caller.is_root() && owner == 0 && mode & 0o022 == 0
}

fn read_only_mount() -> nix::Result<OwnedFd> {
    let mount = sys::clone_mount_of_own_program()?;
    sys::make_read_only(mount.as_fd())?;
    Ok(mount)
}
// ANCHOR_END: protect

const SEALS: SealFlag =
    SealFlag::F_SEAL_WRITE.union(SealFlag::F_SEAL_GROW).union(SealFlag::F_SEAL_SHRINK).union(SealFlag::F_SEAL_SEAL);

fn sealed_copy(own: OwnedFd) -> Result<OwnedFd> {
    let copy = executable_memory().map_err(cannot_copy)?;
    let mut copy = File::from(copy);
    std::io::copy(&mut File::from(own), &mut copy).context("cannot copy our own program into memory")?;
    fcntl(&copy, FcntlArg::F_ADD_SEALS(SEALS)).context("fcntl(F_ADD_SEALS): cannot seal the copy")?;
    // A file that is open for writing can't be executed.
    open_to_read(&format!("/proc/self/fd/{}", copy.as_raw_fd())).context("cannot open the sealed copy")
}

fn open_to_read(path: &str) -> nix::Result<OwnedFd> {
    open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
}

/// memfd_create(2); MFD_EXEC, which says that the file is meant to be executed, is Linux 6.3.
fn executable_memory() -> nix::Result<OwnedFd> {
    const MFD_EXEC: MFdFlags = MFdFlags::from_bits_retain(0x10);
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    memfd_create("coracle", flags | MFD_EXEC).or_else(|errno| match errno {
        Errno::EINVAL => memfd_create("coracle", flags),
        other => Err(other),
    })
}

fn cannot_copy(errno: Errno) -> anyhow::Error {
    anyhow!(
        "memfd_create: {errno:?} ({}): there is no protected copy of our own program, and without one a container \
         could write to its file\n\
         cause: the machine allows no executable memory files (sysctl vm.memfd_noexec is 2)\n\
         cure: sysctl vm.memfd_noexec=1; or put the program on a read-only file system",
        errno.desc()
    )
}

/// Returns only when it failed.
fn start_again(program: &OwnedFd) -> Errno {
    let c_string = |text: OsString| CString::new(text.into_vec()).expect("no zero byte in what the kernel gave us");
    let args: Vec<_> = env::args_os().map(c_string).collect();
    let variable = |(name, value): (OsString, OsString)| c_string([name, value].join(OsStr::new("=")));
    let mut variables: Vec<_> = env::vars_os().map(variable).collect();
    if let Ok(path) = fs::read_link(OWN) {
        variables.push(variable((VARIABLE.into(), path.into_os_string())));
    }
    let Err(errno) = execveat(program, c"", &args, &variables, AtFlags::AT_EMPTY_PATH);
    errno
}

/// Names this process after its program. The kernel has named it after how it was started: by the
/// number of a descriptor, or `exe` for /proc/self/exe, and that is what `ps` and `ss` would show.
pub(crate) fn take_name(path: Option<&OsStr>) {
    let first_argument = env::args_os().next().unwrap_or_default();
    let _ = prctl::set_name(&comm(path.unwrap_or(&first_argument)));
}

/// The name that the kernel gives a process that runs the program at `path`.
fn comm(path: &OsStr) -> CString {
    let name = Path::new(path).file_name().unwrap_or_default().to_os_string().into_vec();
    CString::new(name).unwrap_or_default()
}

/// Where this program's file is: for another process that is to start it. This process itself may
/// run from a protected mount or copy of it, which has no path.
pub fn path() -> Result<PathBuf> {
    PATH.get().cloned().map_or_else(env::current_exe, Ok).context("cannot find this program's own file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roots_own_file_is_out_of_an_ordinary_users_reach() {
        let (root, user) = (Uid::from_raw(0), Uid::from_raw(1000));
        assert!(protects_from(user, 0, 0o100_755));
        assert!(!protects_from(root, 0, 0o100_755), "root's containers are root's");
        assert!(!protects_from(user, 1000, 0o100_555), "an owner can change the mode");
        assert!(!protects_from(user, 65534, 0o100_755), "somebody whom this user namespace doesn't show");
        assert!(!protects_from(user, 0, 0o100_775) && !protects_from(user, 0, 0o100_757));
    }
}
