//! The whole idea in one `main`: a command whose / is two directories in one, of which only the
//! upper is written to.
//!
//! `cargo run -p ch04-unionfs -- rootfs create ./box`, then `cargo run -p ch04-unionfs --example
//! smallest-union -- ./box ./mine sh`: what the shell changes is in ./mine/upper.
#![allow(unsafe_code)]

use std::ffi::CString;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, execvp, getegid, geteuid, pivot_root};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let image = std::fs::canonicalize(args.next().context("usage: smallest-union IMAGE DIRECTORY COMMAND")?)?;
    let own = args.next().context("usage: smallest-union IMAGE DIRECTORY COMMAND")?;
    let command: Vec<CString> = args.map(CString::new).collect::<Result<_, _>>()?;
    let (uid, gid) = (geteuid(), getegid());

    // ANCHOR: smallest
    // A new mount namespace. In a user namespace, an ordinary user may make one.
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).context("unshare")?;
    std::fs::write("/proc/self/setgroups", "deny").context("setgroups")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("uid_map")?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("gid_map")?;
    const NONE: Option<&str> = None;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE).context("make private")?;

    // The image is below, the directory for changes is above. The kernel prepares files in `work`
    // before they appear.
    for name in ["upper", "work", "merged"] {
        std::fs::create_dir_all(format!("{own}/{name}"))?;
    }
    chdir(own.as_str()).context("chdir")?;
    let layers = format!("lowerdir={},upperdir=upper,workdir=work", image.display());
    let options = Some(format!("{layers},userxattr"));
    const OVERLAY: Option<&str> = Some("overlay");
    mount(OVERLAY, "merged", OVERLAY, MsFlags::empty(), options.as_deref()).context("overlay")?;

    // The union becomes /, as in chapter 2.
    chdir("merged").context("chdir")?;
    pivot_root(".", ".").context("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).context("umount2")?;
    chdir("/").context("chdir /")?;
    execvp(command.first().context("no command was given")?, &command).context("execvp")?;
    // ANCHOR_END: smallest
    Ok(())
}
