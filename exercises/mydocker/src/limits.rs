//! The container's limits.

use anyhow::Result;
use given::Cgroup;

use crate::answers::{cpu, memory, pids};
use crate::arguments::Container;

/// Sets what the container may use; before it can use anything.
pub fn limit(container: &Container, group: &Cgroup) -> Result<()> {
    // 3.3  Time, in each period.
    if let Some(cpus) = container.cpus {
        cpu::limit_cpu(group, cpus)?;
    }

    // 3.4  Memory, and no swap beyond it.
    if let Some(bytes) = container.memory {
        memory::limit_memory(group, bytes)?;
    }

    // 3.5a  Processes and threads.
    if let Some(most) = container.pids {
        pids::limit_pids(group, most)?;
    }
    Ok(())
}
