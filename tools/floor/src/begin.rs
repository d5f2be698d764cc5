use std::convert::Infallible;
use std::fs::write;

use anyhow::{Result, ensure};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, getegid, geteuid};

use crate::sys;

/// The shortest way into new namespaces: unshare, map one id if an ordinary user has to, fork; the
/// child does `inside`.
pub fn begin(namespaces: CloneFlags, inside: impl FnOnce() -> Result<Infallible>) -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    if uid.is_root() {
        unshare(namespaces)?;
    } else {
        unshare(namespaces | CloneFlags::CLONE_NEWUSER)?;
        write("/proc/self/setgroups", "deny")?;
        write("/proc/self/uid_map", format!("0 {uid} 1"))?;
        write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    }
    match sys::fork()? {
        ForkResult::Parent { child } => {
            let end = waitpid(child, None)?;
            ensure!(end == WaitStatus::Exited(child, 0), "the floor's container ended with {end:?}");
            Ok(())
        }
        ForkResult::Child => match inside()? {},
    }
}
