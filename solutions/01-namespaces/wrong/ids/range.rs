//! diagnosis: none
//! made by: whoever wants all ids, as "-u 0:100000:65536" gives them to who is granted some
//! (https://github.com/google/nsjail/issues/97). EPERM: a range takes newuidmap.

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")?;
    fs::write("/proc/self/setgroups", "deny").context("setgroups")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 65536")).context("uid_map")?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 65536")).context("gid_map")
}
