//! A machine that refuses, simulated in this process and in all it starts. It can't be taken back,
//! so that these belong in a case, which has a process of its own.
//!
//! The filters set no_new_privs, as the kernel demands of anybody but root: set-user-ID programs
//! (newuidmap) have no powers afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

use crate::sys;

/// As in a Docker container with its default profile: new user namespaces are refused at the clone,
/// with EPERM; `clone3` isn't there at all (ENOSYS), since a filter can't see its flags.
pub fn clone_refused() -> Result<()> {
    let flag = libc::CLONE_NEWUSER as u64;
    let asks_for_user_namespace = || -> Result<Vec<SeccompRule>> {
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)?;
        Ok(vec![SeccompRule::new(vec![condition])?])
    };
    let with_flags = [(libc::SYS_clone, asks_for_user_namespace()?), (libc::SYS_unshare, asks_for_user_namespace()?)];
    refuse(with_flags.into(), libc::EPERM)?;
    refuse([(libc::SYS_clone3, vec![])].into(), libc::ENOSYS)
}

/// Much as under Ubuntu's AppArmor rule: a user namespace can be made, and then gives no power over
/// what belongs to it. (The rule shows already when a process writes its own uid map:
/// [`map_refused`]. Here it shows at `sethostname` and `mount`.)
pub fn powers_refused() -> Result<()> {
    let calls = [libc::SYS_sethostname, libc::SYS_setdomainname, libc::SYS_mount, libc::SYS_mount_setattr];
    refuse(calls.map(|call| (call, vec![])).into(), libc::EPERM)
}

/// As under Ubuntu's AppArmor rule, where it shows first: a user namespace can be made, and then
/// EPERM is the answer to who writes its uid map, `0 UID 1` for the one who calls this.
///
/// A filter sees neither the file nor the text, so it goes by their number: `write` of just so many
/// bytes, to no standard stream (an `EPERM` printed has as many as root's map). It refuses any
/// other text of that length as well: a gid map as long, and for an id of four digits the eight
/// bytes of an eventfd, or with which a child tells that its exec failed.
pub fn map_refused() -> Result<()> {
    let length = format!("0 {} 1", geteuid()).len() as u64;
    let so_long = SeccompRule::new(vec![
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Gt, libc::STDERR_FILENO as u64)?,
        SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, length)?,
    ])?;
    refuse([(libc::SYS_write, vec![so_long])].into(), libc::EPERM)
}

/// As with `user.max_user_namespaces = 0`: ENOSPC at the clone. Enters a user namespace, in which
/// one keeps uid and gid, and whose limit is set to 0.
pub fn no_more_user_namespaces() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER)")?;
    for (file, line) in [
        ("/proc/self/setgroups", "deny".to_string()),
        ("/proc/self/uid_map", format!("{uid} {uid} 1")),
        ("/proc/self/gid_map", format!("{gid} {gid} 1")),
        // Which file this is depends on the user namespace of the one who opens it.
        ("/proc/sys/user/max_user_namespaces", "0".to_string()),
    ] {
        fs::write(file, &line).with_context(|| format!("write {line:?} to {file}"))?;
    }
    Ok(())
}

/// A command for which one system call fails with `errno` (both by libc's constants), and nothing
/// else does; for itself and all it starts. This process stays as it is.
pub fn one_call(command: &mut Command, call: i64, errno: i32) -> Result<()> {
    let program = filter([(call, vec![])].into(), errno)?;
    sys::before_exec(command, move || apply_filter(&program).map_err(std::io::Error::other));
    Ok(())
}

fn refuse(calls: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<()> {
    apply_filter(&filter(calls, errno)?).context("seccomp(SECCOMP_SET_MODE_FILTER)")
}

fn filter(calls: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<BpfProgram> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, SeccompAction::Errno(errno as u32), architecture)?;
    Ok(filter.try_into()?)
}
