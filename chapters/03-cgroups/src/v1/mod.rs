//! cgroup v1: a tree for each controller, and its files. Linux:
//! Documentation/admin-guide/cgroup-v1.

pub mod blkio;
pub mod cpu;
pub mod cpuacct;
pub mod cpuset;
pub mod devices;
pub mod freezer;
pub mod memory;
pub mod pids;

/// The processes (thread cgroups) of a cgroup; a write moves one.
pub const PROCS: &str = "cgroup.procs";
/// The threads of a cgroup; a write moves one. "0" is the writer, and moving oneself spares the
/// kernel a wait.
pub const TASKS: &str = "tasks";
