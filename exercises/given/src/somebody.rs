use std::convert::Infallible;
use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// Tells the program that it has been started again.
const STARTED_AGAIN: &str = "CORACLE_SOMEBODY";

/// Makes this program an ordinary user's, whoever started it: with these ids, without any
/// capability, and with no other id in sight. For exercises that root would pass too easily.
///
/// The ids are those of a user namespace. Its maker has every capability in it; execve(2) takes
/// them from everyone but root (capabilities(7)), so the program is started again. `room`: whether
/// this user may make user namespaces.
pub fn as_somebody(uid: u32, gid: u32, room: bool) -> Result<()> {
    if env::var_os(STARTED_AGAIN).is_some() {
        return Ok(());
    }
    match start_again(uid, gid, room)? {}
}

fn start_again(uid: u32, gid: u32, room: bool) -> Result<Infallible> {
    let (own_uid, own_gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).context("unshare(CLONE_NEWUSER), to be an ordinary user")?;
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("{uid} {own_uid} 1"))?;
    write("/proc/self/gid_map", &format!("{gid} {own_gid} 1"))?;
    if !room {
        write("/proc/sys/user/max_user_namespaces", "0")?;
    }
    // Not by its path, whose directories may be closed to who we are now.
    let error = Command::new("/proc/self/exe").args(env::args_os().skip(1)).env(STARTED_AGAIN, "1").exec();
    Err(error).context("starting this program again")
}

fn write(file: &str, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("writing \"{text}\" to {file}, to be an ordinary user"))
}
