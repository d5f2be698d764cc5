//! Restart policies, and what a reboot leaves.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{Case, cases, eventually, needs};

use crate::world::{STORE, detached, expect_nothing_left, inspect, shim_of, state, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_failure_is_tried_again_as_often_as_was_said,
        what_is_always_started_again_can_be_stopped,
        the_unit_file_is_valid_and_starts_what_has_to_run,
        after_a_reboot_records_are_there_and_policies_are_kept_to,
    ]
}

/// The file, and its command with our program and our store in the places of the installed ones.
fn the_unit_file_is_valid_and_starts_what_has_to_run() -> Result<()> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/coracle-restart.service");
    let unit = fs::read_to_string(file)?;
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).context("no ExecStart")?;
    let args: Vec<&str> = command.split_whitespace().skip(1).collect();
    detached("always", &["--restart", "always"], "sleep 1000")?;
    detached("never", &[], "sleep 1000")?;
    for name in ["always", "never"] {
        kill(Pid::from_raw(shim_of(&inspect(name, "{{.Id}}")?)?), Signal::SIGKILL)?;
        eventually("it has ended", || Ok(state(name)? == "exited 137"))?;
    }
    succeeds(&args)?;
    ensure!(state("always")? == "running 0" && state("never")? == "exited 137");
    needs::program("systemd-analyze")?;
    let installed = format!("/tmp/{}", Path::new(file).file_name().unwrap_or_default().to_string_lossy());
    let program = command.split_whitespace().next().unwrap_or_default();
    fs::write(&installed, unit.replace(program, env!("CARGO_BIN_EXE_ch06-containers")))?;
    let verified = std::process::Command::new("systemd-analyze").args(["verify", &installed]).output()?;
    // It also verifies what the unit refers to, and complains of the machine's own units.
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    ensure!(!said.contains("coracle-restart"), "{said}");
    Ok(())
}

fn a_failure_is_tried_again_as_often_as_was_said() -> Result<()> {
    let script = "echo life; exit 5";
    detached("tries", &["--restart", "on-failure:2"], script)?;
    ensure!(succeeds(&["wait", "tries"])? == "5");
    ensure!(inspect("tries", "{{.RestartCount}} {{.State.Status}}")? == "2 exited");
    ensure!(succeeds(&["logs", "tries"])? == "life\nlife\nlife");
    detached("fine", &["--restart", "on-failure"], "echo life; exit 0")?;
    ensure!(succeeds(&["wait", "fine"])? == "0" && inspect("fine", "{{.RestartCount}}")? == "0");
    // Started by hand, it counts anew.
    succeeds(&["start", "tries"])?;
    ensure!(succeeds(&["wait", "tries"])? == "5" && inspect("tries", "{{.RestartCount}}")? == "2");
    Ok(())
}

fn what_is_always_started_again_can_be_stopped() -> Result<()> {
    detached("always", &["--restart", "always"], "echo life; sleep 0.01")?;
    eventually("it lives again", || Ok(inspect("always", "{{.RestartCount}}")?.parse::<u32>()? >= 2))?;
    succeeds(&["stop", "-t", "1", "always"])?;
    ensure!(inspect("always", "{{.State.Status}}")? == "exited");
    let lives = succeeds(&["logs", "always"])?.lines().count();
    std::thread::sleep(std::time::Duration::from_millis(500));
    ensure!(succeeds(&["logs", "always"])?.lines().count() == lives, "it was started again");
    succeeds(&["start", "always"])?;
    eventually("it rests between two lives", || Ok(inspect("always", "{{.State.Status}}")? == "restarting"))?;
    // Removed in whatever it does.
    succeeds(&["rm", "-f", "always"])?;
    // A killed command is no stop.
    detached("killed", &["--restart", "unless-stopped"], "sleep 1000")?;
    let pid: i32 = inspect("killed", "{{.State.Pid}}")?.parse()?;
    kill(Pid::from_raw(pid), Signal::SIGKILL)?;
    eventually("it lives again", || {
        Ok(state("killed")? == "running 0" && inspect("killed", "{{.State.Pid}}")? != pid.to_string())
    })?;
    succeeds(&["rm", "-f", "killed"])?;
    expect_nothing_left()
}

/// Removes the cgroups of these containers, wherever they are; `false` while one is in use.
fn remove_cgroups(below: &Path, ids: &[String]) -> bool {
    let entries = fs::read_dir(below).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories.fold(true, |done, entry| {
        let is_empty = remove_cgroups(&entry.path(), ids);
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_theirs = ids.iter().any(|id| name == format!("coracle-{}", &id[..12]));
        done && is_empty && (!is_theirs || fs::remove_dir(entry.path()).is_ok())
    })
}

fn after_a_reboot_records_are_there_and_policies_are_kept_to() -> Result<()> {
    let policies = ["no", "always", "unless-stopped", "on-failure"];
    for policy in policies {
        detached(policy, &["--restart", policy], "echo life; sleep 1000; true")?;
    }
    detached("stopped", &["--restart", "unless-stopped"], "sleep 1000")?;
    succeeds(&["stop", "-t", "0", "stopped"])?;
    // All at once, as a machine loses its power; and /run is empty afterwards.
    for policy in policies {
        let shim = shim_of(&inspect(policy, "{{.Id}}")?)?;
        kill(Pid::from_raw(shim), Signal::SIGKILL)?;
    }
    for entry in fs::read_dir(STORE)?.flatten() {
        if entry.file_name() != "data" && entry.file_name() != "coracle-store" {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let ids = policies.iter().map(|policy| inspect(policy, "{{.Id}}")).collect::<Result<Vec<_>>>()?;
    eventually("no cgroup is left, as after a reboot", || Ok(remove_cgroups(Path::new("/sys/fs/cgroup"), &ids)))?;
    for policy in policies {
        ensure!(state(policy)? == "exited 137", "{policy}: {}", state(policy)?);
        ensure!(succeeds(&["logs", policy])? == "life", "{policy}");
    }
    ensure!(succeeds(&["ps", "-q"])?.is_empty());
    succeeds(&["start", "--restart-policy"])?;
    let mut running: Vec<String> = succeeds(&["ps", "--format", "{{.Names}}"])?.lines().map(String::from).collect();
    running.sort();
    ensure!(running == ["always", "unless-stopped"], "{running:?}");
    succeeds(&["start", "no"])?;
    for name in [&policies[..], &["stopped"]].concat() {
        succeeds(&["rm", "-f", name])?;
    }
    expect_nothing_left()
}
