//! `cpuset` on v2. An empty list means "as the parent": nothing has to be copied.

pub use crate::v1::cpuset::{CPUS, MEMS, settings};

/// Those of them that the cgroup above has, too: this is what holds.
pub const CPUS_EFFECTIVE: &str = "cpuset.cpus.effective";
/// Likewise.
pub const MEMS_EFFECTIVE: &str = "cpuset.mems.effective";
