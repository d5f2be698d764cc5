//! diagnosis: none
//! made by: whoever takes pause for stop, and unpause for start.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use given::{Cgroup, Version};

pub fn freeze(group: &Cgroup, frozen: bool) -> Result<()> {
    let directory = group.directory("freezer")?;
    let v1 = group.version("freezer")? == Version::V1;
    if frozen {
        for pid in fs::read_to_string(directory.join("cgroup.procs")).context("who is in it")?.lines() {
            let pid = nix::unistd::Pid::from_raw(pid.parse()?);
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).context("kill")?;
        }
    }
    sleep(Duration::from_millis(if v1 { 1 } else { 2 }));
    Ok(())
}
