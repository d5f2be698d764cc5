//! The whole idea in one `main`: a command that can have no more than so many processes.
//!
//! As yourself: `cargo build -p ch03-cgroups --example smallest-limit`. As root, on v1:
//! `target/debug/examples/smallest-limit /sys/fs/cgroup/pids 5 sh`; on v2 the directory is
//! /sys/fs/cgroup, and `echo +pids >/sys/fs/cgroup/cgroup.subtree_control` comes first.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, execvp, fork};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let parent = args.next().context("usage: smallest-limit CGROUP NUMBER COMMAND")?;
    let most = args.next().context("usage: smallest-limit CGROUP NUMBER COMMAND")?;
    let command: Vec<CString> = args.map(CString::new).collect::<Result<_, _>>()?;

    // ANCHOR: smallest
    // A cgroup is a directory. The kernel fills it with files.
    let cgroup = Path::new(&parent).join(format!("smallest-{}", std::process::id()));
    fs::create_dir(&cgroup).context("mkdir")?;

    // A limit is a write into one of them.
    fs::write(cgroup.join("pids.max"), most).context("pids.max")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        // A process moves in, and what it starts from then on is in there too.
        ForkResult::Child => {
            fs::write(cgroup.join("cgroup.procs"), "0").context("cgroup.procs")?;
            execvp(command.first().context("no command was given")?, &command).context("execvp")?;
        }
        // The directory can go when nobody is in it any more.
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            print!("pids.events: {}", fs::read_to_string(cgroup.join("pids.events"))?);
            fs::remove_dir(&cgroup).with_context(|| format!("rmdir {}", cgroup.display()))?;
        }
    }
    // ANCHOR_END: smallest
    Ok(())
}
