//! User namespaces: what gives an ordinary user the powers to make the other ones.

use std::fs;

use anyhow::{Context, Result};
use doctor::Step;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use crate::refusal::At;

/// Who the one mapped user is inside.
#[derive(Clone, Copy)]
pub(crate) enum Inside {
    Root,
    Oneself,
}

/// Whether this process may make namespaces without a user namespace: CAP_SYS_ADMIN, as root
/// normally has, but not root in an ordinary container (capabilities(7)).
pub(crate) fn may_unshare_directly() -> bool {
    const CAP_SYS_ADMIN: u64 = 1 << 21;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    geteuid().is_root() && crate::observe::parse_capabilities(&status).is_some_and(|c| c.effective & CAP_SYS_ADMIN != 0)
}

/// Moves this (single-threaded) process into a new user namespace and, with it, the namespaces of
/// `others`, which then belong to it. The kernel allows an ordinary user exactly one line of one id
/// in the maps, their own, and `setgroups` must be denied before the gid map is written
/// (user_namespaces(7)).
pub(crate) fn enter_user_namespace(inside: Inside, others: CloneFlags) -> Result<()> {
    // Read now: in the new namespace, before the maps are written, both are 65534.
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER | others).with_context(|| At {
        step: Step::Clone,
        call: format!("unshare({})", names(CloneFlags::CLONE_NEWUSER | others)),
    })?;
    let (uid_inside, gid_inside) = match inside {
        Inside::Root => (0, 0),
        Inside::Oneself => (uid, gid),
    };
    for (step, file, line) in [
        (Step::Setgroups, "/proc/self/setgroups", "deny".to_string()),
        (Step::UidMap, "/proc/self/uid_map", format!("{uid_inside} {uid} 1")),
        (Step::GidMap, "/proc/self/gid_map", format!("{gid_inside} {gid} 1")),
    ] {
        fs::write(file, &line).with_context(|| At { step, call: format!("write {line:?} to {file}") })?;
    }
    Ok(())
}

/// As man pages write them: `CLONE_NEWNS|CLONE_NEWUSER`.
pub(crate) fn names(flags: CloneFlags) -> String {
    flags.iter_names().map(|(name, _)| name).collect::<Vec<_>>().join("|")
}
