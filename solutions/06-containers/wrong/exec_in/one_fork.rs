//! diagnosis: caller-joined
//! made by: whoever saves a process: "join, then fork".

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};
use nix::unistd::{ForkResult, Pid};

pub fn exec_in(container: Pid, seal: &dyn Fn() -> Result<()>, command: &[OsString]) -> Result<i32> {
    let process = given::pidfd(container)?;
    let all = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWCGROUP
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET;
    setns(process, all).context("setns")?;
    match given::fork()? {
        ForkResult::Parent { child } => given::wait(child),
        ForkResult::Child => {
            let _ = seal().and_then(|()| given::exec(command));
            given::exit(127)
        }
    }
}
