//! The whole idea in one `main`: a command whose / is a directory of ours.
//!
//! `cargo run -p ch02-rootfs -- rootfs create ./box`, then `cargo run -p ch02-rootfs --example
//! smallest-root -- ./box sh`
#![allow(unsafe_code)]

use std::ffi::CString;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, execvp, getegid, geteuid, pivot_root};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let root = args.next().context("usage: smallest-root DIRECTORY COMMAND")?;
    let command: Vec<CString> = args.map(CString::new).collect::<Result<_, _>>()?;
    let (uid, gid) = (geteuid(), getegid());

    // ANCHOR: smallest
    // A user namespace first: in it, an ordinary user may make the mount namespace and mount.
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).context("unshare")?;
    std::fs::write("/proc/self/setgroups", "deny").context("setgroups")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("uid_map")?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("gid_map")?;

    // No mount from here on is seen on the host, and the new root is a mount.
    const NONE: Option<&str> = None;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE).context("make private")?;
    mount(Some(root.as_str()), root.as_str(), NONE, MsFlags::MS_BIND | MsFlags::MS_REC, NONE).context("bind")?;

    // It becomes /. The old root then lies on top of it, and goes.
    chdir(root.as_str()).context("chdir")?;
    pivot_root(".", ".").context("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).context("umount2")?;
    chdir("/").context("chdir /")?;
    execvp(command.first().context("no command was given")?, &command).context("execvp")?;
    // ANCHOR_END: smallest
    Ok(())
}
