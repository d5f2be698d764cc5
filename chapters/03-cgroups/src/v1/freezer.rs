//! `freezer` on v1: Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst.

use std::path::Path;

use crate::setting::read;

/// `FROZEN`, `THAWED`; for a while `FREEZING`.
pub const STATE: &str = "freezer.state";

/// What is written.
pub fn wanted(frozen: bool) -> &'static str {
    if frozen { "FROZEN" } else { "THAWED" }
}

/// Whether it is so.
pub fn is_in_state(directory: &Path, frozen: bool) -> bool {
    read(directory, STATE).trim() == wanted(frozen)
}
