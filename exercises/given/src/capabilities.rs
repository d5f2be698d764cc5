//! The calls that change a process's capability sets. Each set is a mask: bit N for capability N.

use std::fs;

use anyhow::{Context, Result};

use crate::sys;

/// The number of the last capability that this kernel knows; the first is 0.
pub fn last_capability() -> Result<u32> {
    let file = "/proc/sys/kernel/cap_last_cap";
    let text = fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    text.trim().parse().with_context(|| format!("no number in {file}: {text}"))
}

/// The capabilities that this process may have: its permitted set, from /proc/self/status. Root of
/// a machine may lack some.
pub fn permitted() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("CapPrm:"));
    u64::from_str_radix(line.context("no CapPrm in /proc/self/status")?.trim(), 16).context("CapPrm")
}

/// Takes one capability out of the bounding set, for good: prctl(2), PR_CAPBSET_DROP. It needs
/// CAP_SETPCAP to be effective.
pub fn drop_from_bounding(capability: u32) -> nix::Result<()> {
    sys::drop_from_bounding(capability)
}

/// Empties the ambient set: prctl(2), PR_CAP_AMBIENT_CLEAR_ALL.
pub fn clear_ambient() -> nix::Result<()> {
    sys::ambient(libc::PR_CAP_AMBIENT_CLEAR_ALL, 0)
}

/// Sets the other three sets at once: capset(2).
pub fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> nix::Result<()> {
    sys::capset(effective, permitted, inheritable)
}

/// For checks: fills the inheritable and the ambient set with one capability, as a careless caller
/// leaves them.
pub(crate) fn leave_ambient(capability: u32) -> Result<()> {
    let all = (2_u64 << last_capability()?) - 1;
    sys::capset(all, all, 1 << capability).context("capset with an inheritable set")?;
    sys::ambient(libc::PR_CAP_AMBIENT_RAISE, capability).context("PR_CAP_AMBIENT_RAISE")
}
