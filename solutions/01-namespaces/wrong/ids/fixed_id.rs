//! diagnosis: always-the-same-id
//! made by: whoever tries it on one machine, with the id that "id -u" prints there: "0 1000 1" is
//! in every example (https://github.com/golang/go/issues/10626).

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

pub fn become_root() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")?;
    fs::write("/proc/self/setgroups", "deny").context("setgroups")?;
    fs::write("/proc/self/uid_map", "0 1000 1").context("uid_map")?;
    fs::write("/proc/self/gid_map", "0 1000 1").context("gid_map")
}
