//! Exercise 3.1a: a group, and a process in it.
//!
//! A control group is a directory in a file system of the kernel's. Who is in it is a file there.
//! Read cgroups(7); check with `cargo wb check 3.1a`.

use std::fs;

use anyhow::{Context, Result};
use given::Cgroup;

/// Makes the container's group in each tree: on v1 that is one for each controller, on v2 one for
/// all. Nobody is in it yet.
///
/// Fails when one of them is there already, for then it is another container's, or when the kernel
/// refuses it; and then none is left of those that were made before it.
///
/// Given are `group.directories() -> Vec<&Path>`, each tree's once.
pub fn create(group: &Cgroup) -> Result<()> {
    // wb:answer
    let mut made = Vec::new();
    for directory in group.directories() {
        if let Err(error) = fs::create_dir(directory) {
            // Whoever gets an error won't come to remove them.
            made.iter().for_each(|directory| drop(fs::remove_dir(directory)));
            return Err(error).with_context(|| format!("mkdir {}: no group for the container", directory.display()));
        }
        made.push(directory);
    }
    Ok(())
    // wb:starter
    // todo!("a directory in each tree")
    // wb:end
}

/// Moves this process, with all its threads, into the group in each tree. Its children will be in
/// it, too.
///
/// Fails, saying where, when the kernel refuses it.
pub fn join(group: &Cgroup) -> Result<()> {
    // wb:answer
    for directory in group.directories() {
        let file = directory.join("cgroup.procs");
        // 0 is whoever writes: in a PID namespace of its own a process needn't know which number is meant.
        fs::write(&file, "0").with_context(|| format!("writing 0 to {}: not in the group", file.display()))?;
    }
    Ok(())
    // wb:starter
    // todo!("this process, in each of them")
    // wb:end
}
