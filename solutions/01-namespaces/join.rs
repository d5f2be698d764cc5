//! Exercise 1.10: into a running container.
//!
//! A namespace is a file, /proc/PID/ns/KIND; setns(2) moves the caller into it.
//! Read setns(2), namespaces(7) and user_namespaces(7); check with `cargo wb check 1.10`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

/// Moves this process into all namespaces of `container` (its PID 1, say) that it isn't in already;
/// its children will be born in the container's PID namespace.
///
/// Fails, saying which step failed, when the container is gone or somebody else's.
///
/// `given::pidfd` makes a descriptor of a process. The flag of the kind `time` has no name in nix:
/// it is `CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)`.
pub fn join(container: Pid) -> Result<()> {
    // wb:answer
    let process = given::pidfd(container)?;
    let mut flags = CloneFlags::empty();
    for (kind, flag) in KINDS {
        let inode = |whose: &str| {
            let path = format!("/proc/{whose}/ns/{kind}");
            let found = fs::metadata(&path).with_context(|| format!("{path}: is that process gone, or another's?"))?;
            anyhow::Ok(found.ino())
        };
        // One's own user namespace can't be joined again (EINVAL), nor what is somebody else's
        // (EPERM).
        if inode(&container.to_string())? != inode("self")? {
            flags |= flag;
        }
    }
    // In one call: who joins the user namespace first loses the powers over what isn't owned by it.
    setns(process, flags).with_context(|| format!("setns(pidfd of {container}, {flags:?})"))
    // wb:starter
    // todo!("join the namespaces of /proc/{container}/ns")
    // wb:end
}

// wb:answer
const KINDS: [(&str, CloneFlags); 8] = [
    ("cgroup", CloneFlags::CLONE_NEWCGROUP),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("mnt", CloneFlags::CLONE_NEWNS),
    ("net", CloneFlags::CLONE_NEWNET),
    ("pid", CloneFlags::CLONE_NEWPID),
    // nix has no name for this one.
    ("time", CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)),
    ("user", CloneFlags::CLONE_NEWUSER),
    ("uts", CloneFlags::CLONE_NEWUTS),
];
// wb:end
