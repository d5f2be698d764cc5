//! diagnosis: setgroups-allowed
//! made by: whoever adds the missing line at the end (the order is what https://github.com/tailhook/unshare/pull/27 is about).

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("uid_map")?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("gid_map")?;
    fs::write("/proc/self/setgroups", "deny").context("setgroups")
}
