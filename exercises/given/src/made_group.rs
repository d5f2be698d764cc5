//! Groups that are there when an answer is called, and processes in them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::unistd::{ForkResult, Pid};

use crate::cgroup::Version;
use crate::{Cgroup, exit, fork};

/// The place that a process has for a group; its folders are as that process sees them. For the checker.
pub fn cgroup_of(process: i32, name: &str) -> Result<Cgroup> {
    Cgroup::seen_by(&process.to_string(), &PathBuf::from(format!("/proc/{process}/root")), name)
}

/// Whether groups can be made here; if not, why, and what helps.
pub fn groups_can_be_made(group: &Cgroup) -> Result<()> {
    make_group(group)?;
    group.folders().into_iter().try_for_each(|folder| fs::remove_dir(folder).context("removing it again"))
}

/// Makes the group, with its controllers.
pub fn make_group(group: &Cgroup) -> Result<()> {
    for controller in ["cpu", "memory", "pids", "freezer"] {
        let v2 = group.version(controller)? == Version::V2;
        if v2 && controller != "freezer" {
            let file = group.parent().join("cgroup.subtree_control");
            fs::write(&file, format!("+{controller}"))
                .with_context(|| format!("the controller {controller}, in {}", file.display()))
                .context(WAY_OUT)?;
        }
    }
    group.folders().into_iter().try_for_each(make)
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir(folder).with_context(|| format!("mkdir {}", folder.display())).context(WAY_OUT)
}

const WAY_OUT: &str = "no control group can be made here. Root may make some, and an ordinary user where a v2 group was \
                       handed over to them: `systemd-run --user --scope -p Delegate=yes cargo wb check …`; else \
                       `cargo wb check --vm …`, in the throwaway machine";

/// Starts a process that is in the group before it does anything.
pub fn start_in(group: &Cgroup, does: impl FnOnce() -> i32) -> Result<Pid> {
    match fork()? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let joined = group.folders().into_iter().try_for_each(|folder| fs::write(folder.join("cgroup.procs"), "0"));
            exit(if joined.is_ok() { does() } else { 120 })
        }
    }
}
