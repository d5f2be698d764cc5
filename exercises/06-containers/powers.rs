//! Exercise 6.8: drop capabilities permanently.
//!
//! Root's privileges are 41 capabilities, and a process has five sets of them. Drop the
//! capabilities that a container doesn't need, so that no program in it can regain them. Read
//! capabilities(7). Check with `cargo wb check 6.8`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Context, Result};

/// Drops all capabilities of this process, and of all programs that it will execute, except those
/// in `kept` (bit N for capability N). Root in the container calls it right before the command.
///
/// Returns an error that names the step if the kernel refuses one.
///
/// Use `given::last_capability`, `drop_from_bounding`, `clear_ambient` and `set_capabilities`.
pub fn keep_only(kept: u64) -> Result<()> {
    todo!("change five sets: which step needs a capability that another step drops?")
}
