//! Its name, its ids, its clock: what namespaces make its own.

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::running::{NAME, host, run, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        the_command_sees_the_name_that_was_asked_for_and_the_host_keeps_its_own,
        it_works_without_the_lab_as_well,
        the_command_is_root_of_what_it_got,
        its_boot_clock_is_ahead_and_the_hosts_is_not,
        ipc_cgroup_and_network_namespaces_are_its_own,
        a_name_that_the_kernel_refuses_is_mydockers_error,
    ]
}

fn the_command_sees_the_name_that_was_asked_for_and_the_host_keeps_its_own() -> Result<()> {
    let before = host()?;
    let output = run(&["run", "--hostname", "boat", "sh", "-c", NAME])?;
    ensure!(stdout(&output) == "boat", "{output:?}");
    ensure!(host()? == before && before != "boat");
    Ok(())
}

fn it_works_without_the_lab_as_well() -> Result<()> {
    let before = host()?;
    let output = run(&["run", "--no-lab", "--hostname", "boat", "sh", "-c", NAME])?;
    ensure!(stdout(&output) == "boat", "{output:?}");
    ensure!(host()? == before);
    Ok(())
}

fn the_command_is_root_of_what_it_got() -> Result<()> {
    let output = run(&["run", "id", "-u"])?;
    ensure!(stdout(&output) == "0", "{output:?}");
    Ok(())
}

fn its_boot_clock_is_ahead_and_the_hosts_is_not() -> Result<()> {
    let up = |text: &str| text.split('.').next().and_then(|seconds| seconds.parse::<i64>().ok()).context("seconds");
    let before = up(&std::fs::read_to_string("/proc/uptime")?)?;
    let output = run(&["run", "--boottime", "2d", "cat", "/proc/uptime"])?;
    let ahead = up(&stdout(&output))? - before;
    ensure!((2 * 86_400..2 * 86_400 + 100).contains(&ahead), "{ahead}: {output:?}");
    ensure!(up(&std::fs::read_to_string("/proc/uptime")?)? - before < 100);
    Ok(())
}

fn ipc_cgroup_and_network_namespaces_are_its_own() -> Result<()> {
    let ours = |kind: &str| Ok::<_, anyhow::Error>(std::fs::read_link(format!("/proc/self/ns/{kind}"))?);
    let output =
        run(&["run", "--no-lab", "sh", "-c", "readlink /proc/self/ns/ipc /proc/self/ns/cgroup /proc/self/ns/net"])?;
    let inside = stdout(&output);
    let shared: Vec<bool> = ["ipc", "cgroup", "net"]
        .iter()
        .map(|kind| Ok(inside.contains(ours(kind)?.to_str().unwrap_or_default())))
        .collect::<Result<_>>()?;
    ensure!(output.status.success() && shared == [false; 3], "{output:?}");
    Ok(())
}

fn a_name_that_the_kernel_refuses_is_mydockers_error() -> Result<()> {
    let output = run(&["run", "--hostname", &"x".repeat(65), "true"])?;
    ensure!(output.status.code() == Some(125), "{output:?}");
    ensure!(stderr(&output).contains("EINVAL"), "it says what the kernel said: {output:?}");
    ensure!(!stderr(&output).contains("Cause: "), "the machine is blamed: {output:?}");
    Ok(())
}
