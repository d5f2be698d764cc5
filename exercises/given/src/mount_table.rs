//! Mount tables for the programs of chapter 2: what you write in exercise 2.1, for the others.

use std::fs;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// A mount namespace, in which nothing comes from or goes to the machine's.
pub fn private_table() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWNS): no mount namespace of our own")?;
    private()
}

/// The same for root of one more user namespace, as a container of an ordinary user has it, whoever
/// checks: flags of mounts are locked, and device nodes can't be made.
pub fn another_users_table() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).context("unshare(CLONE_NEWUSER|CLONE_NEWNS)")?;
    for (file, line) in [("setgroups", "deny"), ("uid_map", &format!("0 {uid} 1")), ("gid_map", &format!("0 {gid} 1"))]
    {
        fs::write(format!("/proc/self/{file}"), line).with_context(|| format!("writing \"{line}\" to {file}"))?;
    }
    private()
}

fn private() -> Result<()> {
    let everywhere = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, everywhere, None::<&str>)
        .context("mount(MS_REC|MS_PRIVATE) on /: our mounts would be the machine's, too")
}
