//! Labs for these tests, and their traces.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::Result;
use lab::observe::{self, By};
use lab::{Lab, Limits};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use testkit::{Output, needs, run_to_end};

pub const LIMITS: Limits = Limits { memory: Some(128 << 20), processes: Some(30) };

pub fn in_lab(lab: &Lab, script: &str) -> Result<Output> {
    let mut command = lab.command("bash");
    command.args(["-c", script]);
    run_to_end(command, Duration::from_secs(30))
}

pub fn sleeping(lab: &Lab) -> Result<(Child, i32)> {
    let outer = lab.command("sleep").arg("100").stdin(Stdio::null()).spawn()?;
    let program = observe::program(outer.id() as i32, Duration::from_secs(10))?;
    Ok((outer, program))
}

pub fn kill(pid: u32, signal: Signal) -> Result<()> {
    Ok(nix::sys::signal::kill(Pid::from_raw(pid as i32), signal)?)
}

pub fn end(mut outer: Child) -> Result<()> {
    kill(outer.id(), Signal::SIGTERM)?;
    outer.wait()?;
    Ok(())
}

pub fn cgroups_of(outer: u32) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with("coracle-lab-") && name.contains(&format!("-{outer}-")) {
                    found.push(entry.path());
                }
                directories.push(entry.path());
            }
        }
    }
    found
}

pub fn a_cgroup_can_be_made() -> Result<()> {
    needs::user_namespaces()?;
    let (outer, program) = sleeping(&Lab::new().limits(LIMITS))?;
    let in_force = observe::limits(program)?;
    end(outer)?;
    let by_cgroup = |limit: Option<(By, u64)>| limit.is_some_and(|(by, _)| by == By::Cgroup);
    needs::that(by_cgroup(in_force.memory) && by_cgroup(in_force.processes), "a cgroup that may be divided")
}
