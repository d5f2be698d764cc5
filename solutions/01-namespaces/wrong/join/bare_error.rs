//! diagnosis: bare-errno
//! made by: every first version with `?`: "No such file or directory (os error 2)".

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

pub fn join(container: Pid) -> Result<()> {
    let mut flags = CloneFlags::empty();
    for (kind, flag) in KINDS {
        let inode = |whose: &str| anyhow::Ok(fs::metadata(format!("/proc/{whose}/ns/{kind}"))?.ino());
        if inode(&container.to_string())? != inode("self")? {
            flags |= flag;
        }
    }
    setns(given::pidfd(container)?, flags).with_context(|| format!("setns(pidfd of {container}, {flags:?})"))
}

const KINDS: [(&str, CloneFlags); 8] = [
    ("cgroup", CloneFlags::CLONE_NEWCGROUP),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("mnt", CloneFlags::CLONE_NEWNS),
    ("net", CloneFlags::CLONE_NEWNET),
    ("pid", CloneFlags::CLONE_NEWPID),
    ("time", CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)),
    ("user", CloneFlags::CLONE_NEWUSER),
    ("uts", CloneFlags::CLONE_NEWUTS),
];
