//! diagnosis: stopped
//! made by: whoever knows kill -STOP.

use std::fs;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn freeze(group: &Cgroup, frozen: bool) -> Result<()> {
    let directory = group.directory("freezer")?;
    let v1 = group.version("freezer")? == Version::V1;
    let _ = v1;
    for pid in fs::read_to_string(directory.join("cgroup.procs")).context("who is in it")?.lines() {
        let signal = if frozen { nix::sys::signal::Signal::SIGSTOP } else { nix::sys::signal::Signal::SIGCONT };
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.parse()?), signal).context("kill")?;
    }
    Ok(())
}
