//! `pids` on v1: Documentation/admin-guide/cgroup-v1/pids.rst. The files are those of v2.

pub use crate::v2::pids::{CURRENT, EVENTS, MAX, read_events, read_stats, settings};
