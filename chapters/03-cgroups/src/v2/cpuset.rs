//! `cpuset` on v2. An empty list means "as the parent": nothing has to be copied.

pub use crate::v1::cpuset::{CPUS, MEMS, settings};
