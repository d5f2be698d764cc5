//! diagnosis: setgroups-allowed
//! made by: everyone whose code is older than CVE-2014-8989 (https://github.com/swetland/mkbox/pull/1).

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("uid_map")?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("gid_map")
}
