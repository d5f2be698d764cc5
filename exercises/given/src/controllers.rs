//! What a container's group needs besides being there.

use std::fs;

use anyhow::{Context, Result};

use crate::Cgroup;

/// On v2, lets the children of the group in which the container's is made have the controllers that are there.
pub fn controllers_below(group: &Cgroup) -> Result<()> {
    let available = fs::read_to_string(group.parent().join("cgroup.controllers")).unwrap_or_default();
    let file = group.parent().join("cgroup.subtree_control");
    for controller in available.split_whitespace().filter(|name| ["cpu", "memory", "pids"].contains(name)) {
        fs::write(&file, format!("+{controller}"))
            .with_context(|| format!("writing +{controller} to {}", file.display()))?;
    }
    Ok(())
}

/// For whoever reads the exit code 137 next.
pub fn say_out_of_memory() {
    eprintln!("mydocker: out of memory: the kernel has killed a process of the container");
}
