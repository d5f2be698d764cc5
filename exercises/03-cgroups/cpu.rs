//! Exercise 3.3: a part of the processors.
//!
//! Docker's `--cpus 0.5` is a quota: so much time in each period, for all processes of the group
//! together. Read cgroups(7), the kernel's admin-guide/cgroup-v2 (cpu.max) and scheduler/sched-bwc
//! (v1); check with `cargo wb check 3.3`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs;

use anyhow::{Context, Result, ensure};
use given::{Cgroup, Version};

/// Lets the processes of the group have as much time as `cpus` processors have: 0.5 is half of one,
/// 1.5 one and a half.
///
/// Fails when that isn't more than nothing, and when the kernel refuses it; the error says what was
/// being done.
///
/// Given are `group.directory("cpu") -> Result<&Path>`, and `group.version("cpu") ->
/// Result<Version>`, which is `Version::V1` or `Version::V2`.
pub fn limit_cpu(group: &Cgroup, cpus: f64) -> Result<()> {
    todo!("so many microseconds in each period")
}
