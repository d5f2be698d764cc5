//! Exercise 1.4: root, without being root.
//!
//! In a user namespace, who is who is said by two maps. An ordinary user may map one id: their own.
//! Read user_namespaces(7); check with `cargo wb check 1.4`.

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// Moves this process into a user namespace of its own, in which its user and its group are 0;
/// outside they stay what they are.
///
/// Fails, saying which step failed, when the kernel refuses one of them.
pub fn become_root() -> Result<()> {
    // wb:answer
    // Asked now: in the new namespace, until the maps are written, both read as 65534.
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER): no user namespace of our own")?;
    // Before gid_map, or the kernel refuses that one to who isn't privileged.
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", &format!("0 {gid} 1"))
    // wb:starter
    // todo!("a user namespace, and who you are in it")
    // wb:end
}

// wb:answer
fn write(file: &str, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("writing \"{text}\" to {file}"))
}
// wb:end
