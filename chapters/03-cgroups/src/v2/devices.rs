//! Device rules on v2: a program, loaded and attached by bpf(2).

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Context, Result};

use super::device_program::assemble;
use crate::device_rules::{DEFAULT, Rule};
use crate::{steps, sys};

/// Attaches the rules to a cgroup. The program lives as long as the cgroup does.
pub fn apply(directory: &Path, more: &[Rule]) -> Result<()> {
    let rules = [&DEFAULT[..], more].concat();
    let program = sys::load_device_program(&steps::LOAD_DEVICE_RULES, &assemble(&rules))
        .context("--device-cgroup-rule can't be applied")?;
    let cgroup = File::open(directory).with_context(|| format!("cannot open {}", directory.display()))?;
    sys::attach_device_program(&steps::ATTACH_DEVICE_RULES, cgroup.as_fd(), program.as_fd(), directory)
        .context("--device-cgroup-rule can't be applied")
}
