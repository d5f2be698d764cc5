//! diagnosis: swallowed-the-error
//! made by: whoever believes that it worked before: "these writes failed silently with EPERM"
//! (https://github.com/sabotage-linux/sabotage/pull/569).

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let _ = unshare(CloneFlags::CLONE_NEWUSER);
    let _ = fs::write("/proc/self/setgroups", "deny");
    let _ = fs::write("/proc/self/uid_map", format!("0 {uid} 1"));
    let _ = fs::write("/proc/self/gid_map", format!("0 {gid} 1"));
    Ok(())
}
