//! What a program in a lab may use at most.

use anyhow::{Context, Result};
use nix::sys::resource::{Resource, setrlimit};
use serde::{Deserialize, Serialize};

/// Limits by setrlimit(2), inherited by everything the program starts. Cgroups, which count memory that is really used
/// and bind root too, come with a later issue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Address space of each single process, in bytes (RLIMIT_AS).
    pub memory: Option<u64>,
    /// Processes and threads alive at once (RLIMIT_NPROC). The kernel counts them per user and user namespace, so
    /// only the lab's own count; it asks neither root nor a process with CAP_SYS_ADMIN in the machine's first user namespace,
    /// so that **this does not bind a lab started by root**.
    pub processes: Option<u64>,
}

impl Limits {
    /// Called in the process that is about to become the program.
    pub(crate) fn apply(&self) -> Result<()> {
        let set = |resource, limit: Option<u64>, name| match limit {
            None => Ok(()),
            Some(limit) => setrlimit(resource, limit, limit).with_context(|| format!("setrlimit({name}, {limit})")),
        };
        set(Resource::RLIMIT_AS, self.memory, "RLIMIT_AS")?;
        set(Resource::RLIMIT_NPROC, self.processes, "RLIMIT_NPROC")
    }
}
