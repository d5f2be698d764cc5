use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use crate::is_privileged;

/// Moves the caller into a user namespace of its own, in which it is root: what you write in
/// exercise 1.4, for the programs of the others.
///
/// Every other namespace asks for CAP_SYS_ADMIN, which an ordinary user lacks; in a user namespace
/// that is theirs, they have it, and the namespaces that they make from there on belong to it
/// (user_namespaces(7)). A caller that has the capability already needs none of this and is left as
/// it is.
pub fn user_namespace() -> Result<()> {
    if is_privileged() {
        return Ok(());
    }
    new_user_namespace()
}

/// The same, whatever the caller has: in the new one it has every capability.
pub(crate) fn new_user_namespace() -> Result<()> {
    // Read first: once we are in the namespace and before the map is written, both read 65534,
    // "nobody".
    let (uid, gid) = (geteuid(), getegid());

    unshare(CloneFlags::CLONE_NEWUSER).context(
        "unshare(CLONE_NEWUSER): this machine refuses user namespaces to an ordinary user; `cargo wb doctor` says why \
         and what helps",
    )?;
    // The kernel wants this before an unprivileged gid_map: dropping a group could open files that deny
    // that group.
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", &format!("0 {gid} 1"))
}

fn write(file: &str, line: &str) -> Result<()> {
    fs::write(file, line).with_context(|| {
        format!(
            "writing \"{line}\" to {file}: the user namespace was made, but it has no powers here (as on Ubuntu 24.04 \
             without an AppArmor rule for this program); `cargo wb doctor` says what helps"
        )
    })
}
