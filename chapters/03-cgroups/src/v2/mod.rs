//! cgroup v2: one tree, and its files. Linux: Documentation/admin-guide/cgroup-v2.rst.

pub mod cpu;
pub mod cpuset;
pub mod device_program;
pub mod devices;
pub mod freezer;
pub mod io;
pub mod memory;
pub mod pids;
pub mod pressure;

/// The processes of a cgroup; a write moves one.
pub const PROCS: &str = "cgroup.procs";
/// The controllers that a cgroup has; read-only: its parent gives them.
pub const CONTROLLERS: &str = "cgroup.controllers";
/// The controllers that a cgroup gives to its children.
pub const SUBTREE_CONTROL: &str = "cgroup.subtree_control";
/// `domain`, or what has gone wrong. The root of all has no such file.
pub const TYPE: &str = "cgroup.type";
/// `populated` and `frozen`.
pub const EVENTS: &str = "cgroup.events";
