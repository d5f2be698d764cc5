//! The whole idea in one `main`: a process with a host name of its own.
//!
//! `cargo run -p ch01-namespaces --example smallest -- sh`
#![allow(unsafe_code)]

use std::ffi::CString;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, execvp, fork, getegid, geteuid, sethostname};

fn main() -> Result<()> {
    let command: Vec<CString> = std::env::args().skip(1).map(CString::new).collect::<Result<_, _>>()?;
    let (uid, gid) = (geteuid(), getegid());

    // ANCHOR: smallest
    // A user namespace first: in it, an ordinary user may make the others.
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWPID).context("unshare")?;
    std::fs::write("/proc/self/setgroups", "deny").context("setgroups")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1")).context("uid_map")?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1")).context("gid_map")?;
    sethostname("smallest").context("sethostname")?;

    // The new PID namespace is for children only: the first of them is its PID 1.
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("fork")? {
        ForkResult::Child => {
            execvp(command.first().context("no command was given")?, &command).context("execvp")?;
        }
        ForkResult::Parent { child } => println!("{:?}", waitpid(child, None).context("waitpid")?),
    }
    // ANCHOR_END: smallest
    Ok(())
}
