//! diagnosis: read-too-late
//! made by: whoever asks where the number is needed (PITFALLS: "Read euid and egid before the
//! clone: unmapped they read 65534").

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")?;
    fs::write("/proc/self/setgroups", "deny").context("setgroups")?;
    fs::write("/proc/self/uid_map", format!("0 {} 1", geteuid())).context("uid_map")?;
    fs::write("/proc/self/gid_map", format!("0 {} 1", getegid())).context("gid_map")
}
