//! Groups that are there when an answer is called, and processes in them.

use std::fs;
use std::io::{Read, pipe};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::{ForkResult, Pid};

use crate::cgroup::{Version, v2_top};
use crate::{Cgroup, exit, fork};

/// The place that a process has for a group; its directories are as that process sees them. For the
/// checker.
pub fn cgroup_of(process: i32, name: &str) -> Result<Cgroup> {
    Cgroup::seen_by(&process.to_string(), &PathBuf::from(format!("/proc/{process}/root")), name)
}

/// Whether groups can be made here; if not, why, and what helps.
pub fn groups_can_be_made(group: &Cgroup) -> Result<()> {
    make_group(group)?;
    group.directories().into_iter().try_for_each(|directory| fs::remove_dir(directory).context("removing it again"))
}

/// Makes the group, with its controllers.
pub fn make_group(group: &Cgroup) -> Result<()> {
    for controller in ["cpu", "memory", "pids", "freezer"] {
        let Ok(version) = group.version(controller) else { bail!(way_out()) };
        let v2 = version == Version::V2;
        if v2 && controller != "freezer" {
            let file = group.parent().join("cgroup.subtree_control");
            fs::write(&file, format!("+{controller}"))
                .with_context(|| format!("the controller {controller}, in {}", file.display()))
                .with_context(way_out)?;
        }
    }
    group.directories().into_iter().try_for_each(make)
}

/// Makes a group in the group. It has no controllers on v2, but can be frozen.
pub fn make_group_inside(group: &Cgroup) -> Result<Cgroup> {
    let inner = group.inside("inner");
    inner.directories().into_iter().try_for_each(make)?;
    Ok(inner)
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir(directory).with_context(|| format!("mkdir {}", directory.display())).with_context(way_out)
}

/// Why no group can be made here, and what helps. On v1 nothing can be handed over.
fn way_out() -> &'static str {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    if own.lines().any(|line| line.split(':').nth(1).is_some_and(|names| names.split(',').any(|name| name == "memory")))
    {
        "no control group can be made here: on this machine they are cgroup v1's, and only root may make some. `cargo wb check \
         --vm …` checks in the throwaway machine, where you may"
    } else {
        "no control group can be made here: none was handed over to you. systemd does that: `systemd-run --user --scope -p \
         Delegate=yes cargo wb check …`; or `cargo wb check --vm …`, in the throwaway machine"
    }
}

/// The top of the v2 tree, as a process sees it. For the checker.
pub fn v2_top_of(process: i32) -> Result<PathBuf> {
    v2_top(&process.to_string())
}

/// Makes a group in the v2 tree, with all controllers that it can have. They are what the second
/// is.
pub fn make_v2_group(name: &str) -> Result<(PathBuf, Vec<String>)> {
    let top = v2_top("self").context(NO_V2)?;
    let available = fs::read_to_string(top.join("cgroup.controllers")).context("which controllers there are")?;
    let controllers: Vec<String> = available.split_whitespace().map(String::from).collect();
    ensure!(!controllers.is_empty(), NO_V2);
    for controller in &controllers {
        fs::write(top.join("cgroup.subtree_control"), format!("+{controller}")).with_context(way_out)?;
    }
    let group = top.join(name);
    make(&group)?;
    Ok((group, controllers))
}

const NO_V2: &str = "there is no v2 tree with a controller here, and only on v2 room has to be made: `cargo wb check --vm …`, in the \
                     throwaway machine, has one; so has an ordinary user to whom a group was handed over, by `systemd-run --user \
                     --scope -p Delegate=yes`";

/// Starts a process that is in the group before it does anything; when this returns, it is.
pub fn start_in(group: &Cgroup, does: impl FnOnce() -> i32) -> Result<Pid> {
    let (mut is_in, tells) = pipe().context("a pipe")?;
    match fork()? {
        ForkResult::Parent { child } => {
            drop(tells);
            // Its end has come when the child closes its own.
            is_in.read_to_end(&mut Vec::new()).context("waiting for a process in the group")?;
            Ok(child)
        }
        ForkResult::Child => {
            let joined = group
                .directories()
                .into_iter()
                .try_for_each(|directory| fs::write(directory.join("cgroup.procs"), "0"));
            drop(tells);
            exit(if joined.is_ok() { does() } else { 120 })
        }
    }
}
