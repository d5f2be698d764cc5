//! mydocker, as the solutions make it, started.

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::needs;

pub fn mydocker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mydocker-solved"));
    command.args(arguments);
    command
}

pub fn run(arguments: &[&str]) -> Result<Output> {
    needs::user_namespaces()?;
    mydocker(arguments).stdin(Stdio::null()).output().context("mydocker starts")
}

pub fn started(arguments: &[&str], stdin: Stdio) -> Result<Child> {
    needs::user_namespaces()?;
    let mut child = mydocker(arguments).stdin(stdin).stdout(Stdio::piped()).spawn()?;
    child.stdout.as_mut().context("its stdout")?.read_exact(&mut [0; "ready\n".len()])?;
    Ok(child)
}

pub fn send(child: &Child, signal: Signal) -> Result<()> {
    Ok(kill(Pid::from_raw(child.id() as i32), signal)?)
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub const NAME: &str = "cat /proc/sys/kernel/hostname";

pub fn host() -> Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_string())
}
