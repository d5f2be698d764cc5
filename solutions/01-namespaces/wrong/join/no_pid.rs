//! diagnosis: no-pid
//! made by: whoever sees that setns on the PID namespace changes nothing and leaves it out; "ps
//! -ef" then shows the host (https://github.com/xianlubird/mydocker/issues/79). PITFALLS: "fork after joining the PID namespace".

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

pub fn join(container: Pid) -> Result<()> {
    let mut doors = Vec::new();
    for kind in ["user", "cgroup", "ipc", "net", "uts", "time", "mnt"] {
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
