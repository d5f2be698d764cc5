//! diagnosis: user-not-first
//! made by: whoever joins in the order of `ls` ("Shouldn't runC be joining the user namespace
//! first?", https://github.com/opencontainers/runc/issues/960).

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

pub fn join(container: Pid) -> Result<()> {
    let mut doors = Vec::new();
    for kind in ["cgroup", "ipc", "mnt", "net", "pid", "time", "uts", "user"] {
        let path = format!("/proc/{container}/ns/{kind}");
        let file = File::open(&path).with_context(|| format!("{path}: is it gone, or another's?"))?;
        let ours = fs::metadata(format!("/proc/self/ns/{kind}"))?.ino();
        let theirs = file.metadata()?.ino();
        if theirs != ours {
            doors.push((kind, file));
        }
    }
    for (kind, file) in doors {
        setns(file, CloneFlags::empty()).with_context(|| format!("setns({kind})"))?;
    }
    Ok(())
}
