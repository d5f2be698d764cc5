//! Halting a cgroup on v2: built in, Linux 5.2.

use std::path::Path;

use super::EVENTS;
use crate::setting::{field, read};

/// `1` halts the cgroup and all below it, `0` lets it go on.
pub const FREEZE: &str = "cgroup.freeze";

/// What is written.
pub fn wanted(frozen: bool) -> &'static str {
    if frozen { "1" } else { "0" }
}

/// Whether it is so: every process has been reached.
pub fn is_in_state(directory: &Path, frozen: bool) -> bool {
    field(&read(directory, EVENTS), "frozen") == Some(u64::from(frozen))
}
