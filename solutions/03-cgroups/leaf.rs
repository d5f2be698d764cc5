//! Exercise 3.2: room for groups below.
//!
//! On v2 a group has a controller when its parent gives it; and a parent that gives some has no
//! processes of its own. Read cgroups(7), "Cgroups v2 hierarchies"; check with `cargo wb check
//! 3.2`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Lets groups that are made in the group `parent` have these controllers, those of them that the
/// tree has: on a hybrid machine the others are in trees of v1. Where the kernel asks for that, the
/// parent's processes, this one among them, go to a group below it.
///
/// A parent of v1 stays as it is: there is nothing to do. It may be called again for the same
/// parent. Fails, saying what was being done, when the kernel refuses it, and when there is no such
/// group.
pub fn make_room(parent: &Path, controllers: &[&str]) -> Result<()> {
    // wb:answer
    ensure!(parent.is_dir(), "there is no group {}", parent.display());
    let given = parent.join("cgroup.subtree_control");
    if !given.exists() {
        return Ok(());
    }
    // Only the root of all has no type, and may have both processes and children with controllers.
    if parent.join("cgroup.type").exists() {
        move_processes(parent)?;
    }
    let available = fs::read_to_string(parent.join("cgroup.controllers")).context("which controllers there are")?;
    for controller in controllers.iter().filter(|name| available.split_whitespace().any(|known| known == **name)) {
        fs::write(&given, format!("+{controller}"))
            .with_context(|| format!("writing +{controller} to {}", given.display()))?;
    }
    Ok(())
    // wb:starter
    // todo!("its processes below, then the controllers")
    // wb:end
}
// wb:answer

fn move_processes(parent: &Path) -> Result<()> {
    let list = parent.join("cgroup.procs");
    let processes = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let leaf = parent.join("mydocker-itself");
    for process in processes.lines() {
        // There already, the next time.
        fs::create_dir_all(&leaf).with_context(|| format!("mkdir {}", leaf.display()))?;
        let moved = fs::write(leaf.join("cgroup.procs"), process);
        // Who has ended meanwhile needn't move.
        if moved.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::ESRCH)) {
            continue;
        }
        moved.with_context(|| format!("moving process {process} to {}", leaf.display()))?;
    }
    Ok(())
}
// wb:end
