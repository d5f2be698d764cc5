//! diagnosis: opened-too-late
//! made by: whoever opens and joins in one loop; it works until mnt has its turn (in runc all are
//! opened before the first is joined).

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

pub fn join(container: Pid) -> Result<()> {
    for kind in ["user", "mnt", "cgroup", "ipc", "net", "uts", "time", "pid"] {
        let path = format!("/proc/{container}/ns/{kind}");
        let ours = fs::metadata(format!("/proc/self/ns/{kind}")).context("our own")?.ino();
        let file = File::open(&path).with_context(|| format!("{path}: is it gone, or another's?"))?;
        if file.metadata()?.ino() != ours {
            setns(file, CloneFlags::empty()).with_context(|| format!("setns({kind})"))?;
        }
    }
    Ok(())
}
