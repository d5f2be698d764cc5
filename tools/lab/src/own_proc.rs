//! The lab's /proc.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, Result};
use doctor::Step;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};

use crate::refusal::At;

/// What in /proc belongs to the whole machine, and what in it to namespaces, of which a lab has its
/// own.
const OF_THE_MACHINE: [&str; 5] = ["sys", "sysrq-trigger", "bus", "fs", "irq"];
const OF_NAMESPACES: [&str; 6] =
    ["sys/net", "sys/user", "sys/fs/mqueue", "sys/kernel/hostname", "sys/kernel/domainname", "sys/kernel/ns_last_pid"];

/// Where the whole, writable /proc is that the kernel wants to see.
const WHOLE: &str = "/run/lab-proc";

/// Mounts a /proc that shows the lab's processes. Where the outer /proc is partly covered (as in
/// Docker) the kernel refuses it; the outer one stays then, in which `/proc/self` still is right
/// and the numbers are those of outside.
pub(crate) fn mount_it() -> Result<()> {
    match new_proc("/proc") {
        Err(errno @ (Errno::EPERM | Errno::EBUSY)) => {
            eprintln!(
                "lab: no /proc of its own: mount: {errno} (the machine's /proc is partly covered, as in Docker without \
                 systempaths=unconfined); /proc shows the processes and numbers of outside"
            );
            Ok(())
        }
        Err(errno) => Err(errno).with_context(|| At { step: Step::Proc, call: "mount a new /proc".to_string() }),
        // For anybody else's root the kernel itself guards what is the machine's.
        Ok(()) if is_machines_root() => cover_the_machines_settings().context("make the machine's settings read-only"),
        Ok(()) => Ok(()),
    }
}

fn new_proc(at: &str) -> Result<(), Errno> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), at, Some("proc"), flags, None::<&str>)
}

fn is_machines_root() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// /proc/sys/kernel is the machine's also in a lab. Covered parts would make the kernel refuse a
/// /proc to containers with a user namespace (mount_namespaces(7)), unless there is a whole one
/// somewhere.
fn cover_the_machines_settings() -> Result<()> {
    match DirBuilder::new().mode(0o700).create(WHOLE) {
        // No /run on this machine, hence none of the lab's own: not worth failing for.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Ok(()),
        _ => new_proc(WHOLE).context("mount the whole /proc")?,
    }
    for name in OF_THE_MACHINE {
        let path = Path::new("/proc").join(name);
        if path.exists() {
            bind(&path, &path)?;
            let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
            mount(None::<&str>, &path, None::<&str>, flags, None::<&str>)
                .with_context(|| format!("remount {} read-only", path.display()))?;
        }
    }
    for name in OF_NAMESPACES {
        let path = Path::new("/proc").join(name);
        if path.exists() {
            bind(&Path::new(WHOLE).join(name), &path)?;
        }
    }
    Ok(())
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .with_context(|| format!("bind {} to {}", from.display(), to.display()))
}
