//! Exercise 1.5: into a running container.
//!
//! A namespace is a file, /proc/PID/ns/KIND; setns(2) moves the caller into it.
//! Read setns(2), namespaces(7) and user_namespaces(7); check with `cargo wb check 1.5`.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

/// Moves this process into all namespaces of `container` (its PID 1, say) that it isn't in already; its children will be born in
/// the container's PID namespace.
///
/// Fails, saying which step failed, when the container is gone or somebody else's.
pub fn join(container: Pid) -> Result<()> {
    // wb:answer
    // All are opened first: from the container's mount table, /proc is the container's.
    let mut doors = Vec::new();
    for kind in KINDS {
        let path = format!("/proc/{container}/ns/{kind}");
        let open = || File::open(&path).and_then(|file| Ok((file.metadata()?.ino(), file)));
        let (theirs, file) =
            open().with_context(|| format!("{path}: is process {container} gone, or somebody else's?"))?;
        let ours =
            fs::metadata(format!("/proc/self/ns/{kind}")).with_context(|| format!("our own {kind} namespace"))?;
        // One's own user namespace can't be joined again (EINVAL), nor what belongs to another (EPERM).
        if theirs != ours.ino() {
            doors.push((kind, file));
        }
    }
    for (kind, file) in doors {
        setns(file, CloneFlags::empty())
            .with_context(|| format!("setns: the {kind} namespace of process {container}"))?;
    }
    Ok(())
    // wb:starter
    // todo!("join the namespaces of /proc/{container}/ns")
    // wb:end
}

// wb:answer
/// The user namespace comes first: it gives us the powers over all others, which belong to it.
const KINDS: [&str; 8] = ["user", "cgroup", "ipc", "net", "uts", "time", "pid", "mnt"];
// wb:end
