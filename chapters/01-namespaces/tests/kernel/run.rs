//! `run`, seen from outside: namespaces, ids, names.

use std::process::Command;

use anyhow::{Result, ensure};
use ch01_namespaces::Namespace;
use lab::observe;
use nix::unistd::{Pid, Uid};
use testkit::{Case, cases, needs};

use crate::running::{self, Running};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        each_namespace_asked_for_is_new_and_the_others_are_shared,
        the_host_keeps_its_name,
        an_ordinary_user_is_root_inside_and_themselves_outside,
        the_command_is_pid_1_and_proc_shows_only_its_own,
        a_mount_made_inside_is_not_seen_outside,
        the_boot_clock_is_moved_inside_only,
        a_name_can_be_taken_once,
        a_host_name_that_is_too_long_is_refused_with_the_rule,
        narration_tells_every_step_and_stays_out_of_the_commands_output,
    ];
    // As systemd leaves a machine: there a forgotten MS_PRIVATE shows.
    let shared = cases![a_mount_made_inside_does_not_leak_where_mounts_are_shared];
    cases.extend(shared.into_iter().map(|case| case.as_root().with_shared_mounts()));
    cases
}

fn each_namespace_asked_for_is_new_and_the_others_are_shared() -> Result<()> {
    let always = if Uid::effective().is_root() { None } else { Some(Namespace::User) };
    for kind in Namespace::ALL {
        let mut asked = vec![kind];
        asked.extend(always);
        let list: Vec<_> = asked.iter().map(|kind| kind.name()).collect();
        let running = Running::start(&["--namespaces", &list.join(",")], "")?;
        for other in Namespace::ALL {
            let here = observe::namespace_inode(Pid::this().as_raw(), other.proc_name())?;
            let inside = observe::namespace_inode(running.pid, other.proc_name())?;
            ensure!(
                (here != inside) == asked.contains(&other),
                "asked for {list:?}: {other} is {here} here, {inside} inside"
            );
        }
    }
    Ok(())
}

fn the_host_keeps_its_name() -> Result<()> {
    let before = observe::hostname_in(Pid::this().as_raw())?;
    let running = Running::start(&["--hostname", "boat"], "")?;
    ensure!(observe::hostname_in(running.pid)? == "boat", "inside it is {}", observe::hostname_in(running.pid)?);
    ensure!(observe::hostname_in(Pid::this().as_raw())? == before, "the host was renamed");
    Ok(())
}

fn an_ordinary_user_is_root_inside_and_themselves_outside() -> Result<()> {
    needs::ordinary_user()?;
    let running = Running::start(&[], "")?;
    let map = std::fs::read_to_string(format!("/proc/{}/uid_map", running.pid))?;
    let map: Vec<_> = map.split_whitespace().collect();
    ensure!(map == ["0", &Uid::effective().to_string(), "1"], "the uid map is {map:?}");
    ensure!(observe::setgroups(running.pid)?.trim() == "deny", "setgroups is {}", observe::setgroups(running.pid)?);
    Ok(())
}

fn the_command_is_pid_1_and_proc_shows_only_its_own() -> Result<()> {
    let running = Running::start(&[], "set -- /proc/[0-9]*; echo $#;")?;
    ensure!(observe::ns_pids(running.pid)?.last() == Some(&1), "NSpid is {:?}", observe::ns_pids(running.pid)?);
    ensure!(running.said.trim() == "1", "/proc shows {} processes", running.said.trim());
    let proc_mounts = |pid| -> Result<usize> {
        Ok(observe::mountinfo(pid)?.iter().filter(|mount| mount.mount_point.as_os_str() == "/proc").count())
    };
    let (here, inside) = (proc_mounts(Pid::this().as_raw())?, proc_mounts(running.pid)?);
    ensure!(inside == here + 1, "/proc is mounted {here} times here and {inside} times inside");
    Ok(())
}

fn a_mount_made_inside_is_not_seen_outside() -> Result<()> {
    let here = || std::fs::read_to_string("/proc/self/mountinfo");
    let before = here()?;
    let running = Running::start(&[], "mount -t tmpfs coracle-test /tmp;")?;
    let inside = observe::mountinfo(running.pid)?;
    ensure!(inside.iter().any(|mount| mount.source == "coracle-test"), "the mount was not made: {inside:?}");
    ensure!(here()? == before, "the host's mount table changed");
    ensure!(inside.iter().all(|mount| mount.is_private()), "a mount inside is still shared");
    Ok(())
}

fn a_mount_made_inside_does_not_leak_where_mounts_are_shared() -> Result<()> {
    let here = || std::fs::read_to_string("/proc/self/mountinfo");
    let before = here()?;
    std::fs::create_dir("/tmp/deep")?;
    // The control: a mount namespace alone leaks here, at the top and below.
    for place in ["/tmp/deep", "/run"] {
        let mount = format!("mount -t tmpfs leaky {place}");
        let leaky = ["--mount", "--propagation", "unchanged", "sh", "-c", mount.as_str()];
        ensure!(Command::new("unshare").args(leaky).status()?.success());
        ensure!(here()?.contains("leaky"), "nothing leaks to {place} in this lab: the test proves nothing");
        ensure!(Command::new("umount").arg(place).status()?.success());
    }
    ensure!(here()? == before);
    let script = "mount -t tmpfs coracle-test /tmp/deep; mount -t tmpfs coracle-test /run;";
    let running = Running::start(&["--namespaces", "mount"], script)?;
    let inside = observe::mountinfo(running.pid)?;
    ensure!(inside.iter().filter(|mount| mount.source == "coracle-test").count() == 2, "the mounts were not made");
    ensure!(here()? == before, "a mount has leaked");
    Ok(())
}

fn the_boot_clock_is_moved_inside_only() -> Result<()> {
    let uptime = |text: &str| text.split('.').next().unwrap_or_default().parse::<i64>();
    let here = || -> Result<i64> { Ok(uptime(&std::fs::read_to_string("/proc/uptime")?)?) };
    let before = here()?;
    let mut args = vec!["--boottime", "+1d", "--namespaces"];
    args.push(if Uid::effective().is_root() { "time" } else { "time,user" });
    let running = Running::start(&args, "cat /proc/uptime;")?;
    let inside = uptime(&running.said)?;
    ensure!((86_400..86_460).contains(&(inside - before)), "{before} s here, {inside} s inside");
    ensure!((0..60).contains(&(here()? - before)), "the host's clock moved");
    Ok(())
}

fn a_name_can_be_taken_once() -> Result<()> {
    let _first = Running::start(&["--name", "boat"], "")?;
    let second = running::run(&["--name", "boat"], "true").output()?;
    let stderr = String::from_utf8_lossy(&second.stderr);
    ensure!(second.status.code() == Some(125) && stderr.contains("is taken"), "{:?}: {stderr}", second.status);
    Ok(())
}

fn a_host_name_that_is_too_long_is_refused_with_the_rule() -> Result<()> {
    let output = running::run(&["--hostname", &"x".repeat(65)], "true").output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125), "{:?}", output.status);
    for part in ["sethostname", "EINVAL", "at most 64 bytes", "--hostname"] {
        ensure!(stderr.contains(part), "{part:?} is missing in {stderr}");
    }
    running::expect_empty_store()
}

fn narration_tells_every_step_and_stays_out_of_the_commands_output() -> Result<()> {
    let output = running::run(&["--hostname", "boat", "--explain=json"], "echo out").output()?;
    ensure!(output.stdout == b"out\n", "stdout: {:?}", String::from_utf8_lossy(&output.stdout));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let steps = stderr.lines().map(serde_json::from_str).collect::<Result<Vec<serde_json::Value>, _>>()?;
    let calls: Vec<_> =
        steps.iter().map(|step| format!("{} {}", step["lane"], step["call"]).replace('"', "")).collect();
    let mut expected = vec!["host clone3", "host write", "host write", "host write"];
    if Uid::effective().is_root() {
        expected.truncate(1);
    }
    expected.extend(["container mount", "container mount", "container sethostname", "container execve"]);
    ensure!(calls == expected, "told: {calls:?}");
    Ok(())
}
