//! diagnosis: bare-errno
//! made by: every first version with `?`: "No such file or directory (os error 2)".

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use anyhow::Result;
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

pub fn join(container: Pid) -> Result<()> {
    let mut doors = Vec::new();
    for kind in ["user", "cgroup", "ipc", "net", "uts", "time", "pid", "mnt"] {
        let path = format!("/proc/{container}/ns/{kind}");
        let file = File::open(&path)?;
        let ours = fs::metadata(format!("/proc/self/ns/{kind}"))?.ino();
        let theirs = file.metadata()?.ino();
        if theirs != ours {
            doors.push((kind, file));
        }
    }
    for (_, file) in doors {
        setns(file, CloneFlags::empty())?;
    }
    Ok(())
}
