//! Exercise 1.12: the flag that never arrived.
//!
//! This runtime's function for namespaces compiles, is called, and returns Ok. Somebody saw that a
//! container isn't as isolated as it was asked to be. Find out which namespace is missing, by
//! looking at the kernel; then find the line.
//! Read namespaces(7) and unshare(2); check with `cargo wb check 1.12`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

/// The flag of each kind of namespace, as <linux/sched.h> has it.
const KINDS: [(&str, i32); 8] = [
    ("cgroup", 0x0200_0000),
    ("ipc", 0x0800_0000),
    ("mnt", 0x0002_0000),
    ("net", 0x4000_0000),
    ("pid", 0x2000_0000),
    ("time", 0x0000_0080),
    ("user", 0x1000_0000),
    ("uts", 0x0400_0000),
];

/// Moves this process (for `pid` and `time`: its children) into a new namespace of each of these
/// kinds, which are called as in /proc/PID/ns, and leaves all others as they are.
///
/// Fails before anything is made when there is no such kind.
pub fn isolate(kinds: &[&str]) -> Result<()> {
    let mut bits = 0;
    for kind in kinds {
        let known = KINDS.iter().find(|(name, _)| name == kind);
        let (_, flag) = known.with_context(|| format!("there is no kind of namespace called \"{kind}\""))?;
        bits |= flag;
    }
    let flags = CloneFlags::from_bits_truncate(bits);
    unshare(flags).with_context(|| format!("unshare({bits:#x}), for {}", kinds.join(", ")))
}
