//! What a program in a lab may use at most.

use anyhow::{Context, Result};
use nix::sys::resource::{Resource, setrlimit};

/// Limits on all that runs in a lab. By cgroup where this user may make one (root; an ordinary user
/// in a delegated v2 cgroup): memory that is really used is counted, of all processes together, and
/// root is bound too. Elsewhere by setrlimit(2), which is less, as said below. Which it was,
/// [`observe::limits`](crate::observe::limits) tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory in bytes (memory.max; memory.limit_in_bytes on v1): who wants more is killed. By rlimit
    /// it is the address space of each single process (RLIMIT_AS): who wants more gets ENOMEM.
    pub memory: Option<u64>,
    /// Processes and threads alive at once, without the lab's own (pids.max). By rlimit (RLIMIT_NPROC)
    /// the kernel counts them per user and user namespace, so only the lab's own count; but it asks
    /// neither root nor a process with CAP_SYS_ADMIN in the machine's first user namespace, so that
    /// **it does not bind a lab started by root** that has no cgroup (a lab in a lab).
    pub processes: Option<u64>,
}

/// Which of the limits a cgroup holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ByCgroup {
    pub memory: bool,
    pub processes: bool,
}

impl ByCgroup {
    pub fn and(self, other: ByCgroup) -> ByCgroup {
        ByCgroup { memory: self.memory || other.memory, processes: self.processes || other.processes }
    }
}

impl Limits {
    /// What is left for rlimits.
    pub(crate) fn without(self, held: ByCgroup) -> Limits {
        Limits { memory: self.memory.filter(|_| !held.memory), processes: self.processes.filter(|_| !held.processes) }
    }

    /// By rlimits. Called in the process that is about to become the program.
    pub(crate) fn apply(&self) -> Result<()> {
        let set = |resource, limit: Option<u64>, name| match limit {
            None => Ok(()),
            Some(limit) => setrlimit(resource, limit, limit).with_context(|| format!("setrlimit({name}, {limit})")),
        };
        set(Resource::RLIMIT_AS, self.memory, "RLIMIT_AS")?;
        set(Resource::RLIMIT_NPROC, self.processes, "RLIMIT_NPROC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cgroup_holds_is_not_set_again() {
        let limits = Limits { memory: Some(1), processes: Some(2) };
        let held = ByCgroup { memory: true, processes: false };
        assert_eq!(limits.without(held), Limits { memory: None, processes: Some(2) });
        assert_eq!(limits.without(held.and(ByCgroup { memory: false, processes: true })), Limits::default());
    }
}
