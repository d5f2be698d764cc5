//! Exercise 3.6: halted, and going on.
//!
//! `docker pause` halts all processes of a container where they are. They don't notice, and can't
//! refuse it. Read the kernel's admin-guide/cgroup-v2 (cgroup.freeze) and
//! cgroup-v1/freezer-subsystem; check with `cargo wb check 3.6`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use given::{Cgroup, Version};

/// Halts every process of the group, if `frozen`, or else lets them go on. It returns when that is
/// so.
///
/// Fails, saying what was being done, when the kernel refuses it, or when it isn't so after three
/// seconds.
///
/// Given are `group.directory("freezer") -> Result<&Path>`, and `group.version("freezer") ->
/// Result<Version>`, which is `Version::V1` or `Version::V2`.
pub fn freeze(group: &Cgroup, frozen: bool) -> Result<()> {
    todo!("ask for it, then wait until it is so")
}
