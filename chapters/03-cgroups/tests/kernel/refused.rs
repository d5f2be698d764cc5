//! What makes no sense, or can't be had here: told, and nothing is left.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use ch03_cgroups::controller::{Controller, Version};
use ch03_cgroups::machine::Machine;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use testkit::{Case, cases, needs};

use crate::running::{expect_nothing_left, format_output, need_cgroups, run};

pub fn cases() -> Vec<Case> {
    cases![
        limits_that_make_no_sense_are_told,
        a_read_only_tree_is_told,
        a_machine_without_trees_is_told,
        a_controller_that_is_not_there_is_told,
        a_mount_point_of_any_bytes_is_passed_over,
        a_device_that_the_cgroup_above_lacks_is_refused_with_the_reason,
        without_limits_nothing_of_it_matters,
    ]
}

fn expect_failure(args: &[&str], words: &[&str]) -> Result<()> {
    let output = run(args, "echo it ran").output()?;
    let said = format_output(&output);
    ensure!(output.status.code() == Some(125) && !said.contains("it ran\n"), "{args:?}: {said}");
    for word in words {
        ensure!(said.contains(word), "{args:?}: {word:?} is missing in {said}");
    }
    expect_nothing_left()
}

fn limits_that_make_no_sense_are_told() -> Result<()> {
    for (args, word) in [
        (&["--memory", "64x"][..], "no size"),
        (&["--memory", "-1m"], "negative"),
        (&["--memory", "0"], "above zero"),
        (&["--memory", "1m"], "at least 6m"),
        (&["--memory", "900t"], "never be reached"),
        (&["--memory", "64m", "--memory-swap", "32m"], "less than --memory"),
        (&["--memory-swap", "64m"], "give --memory too"),
        (&["--memory", "64m", "--memory-reservation", "65m"], "more than --memory"),
        (&["--cpus", "0"], "above zero"),
        (&["--cpus", "-1"], "above zero"),
        (&["--cpus", "9999"], "this machine has"),
        (&["--cpus", "half"], "0.5"),
        (&["--cpus", "1", "--cpu-quota", "1000"], "cannot be used with"),
        (&["--cpu-quota", "10"], "1000"),
        (&["--cpu-period", "5", "--cpu-quota", "5000"], "out of range"),
        (&["--cpu-shares", "1"], "2 to 262144"),
        (&["--cpuset-cpus", "4095"], "there is no 4095"),
        (&["--cpuset-cpus", "x"], "no list"),
        (&["--cpuset-mems", "99"], "there is no 99"),
        (&["--pids-limit", "0"], "not even the command"),
        (&["--pids-limit", "-5"], "negative"),
        (&["--pids-limit", "99999999"], "never be reached"),
        (&["--io-weight", "5"], "10 to 1000"),
        (&["--device-read-bps", "/dev/null:1m"], "no block device"),
        (&["--device-read-bps", "/dev/none:1m"], "/dev/none"),
        (&["--device-write-iops", "/dev/null:0"], "above zero"),
        (&["--device-cgroup-rule", "x"], "no rule"),
        (&["--device-cgroup-rule", "c 4294967295:4294967295 rwm"], "no device's number"),
        (&["--oom-score-adj", "5000"], "1000"),
        (&["--cgroup-parent", "../up"], "without . and .."),
        (&["--cgroups", "disabled", "--memory", "64m"], "limits need cgroups"),
    ] {
        expect_failure(args, &[word])?;
    }
    Ok(())
}

/// Where trees are mounted, topmost first.
fn mounts() -> Result<Vec<PathBuf>> {
    let all = lab::observe::mountinfo(std::process::id() as i32)?;
    let mut points: Vec<_> = all
        .into_iter()
        .filter(|mount| mount.file_system.starts_with("cgroup"))
        .map(|mount| mount.mount_point)
        .collect();
    points.reverse();
    Ok(points)
}

fn a_read_only_tree_is_told() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    for point in mounts()? {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        mount(None::<&str>, &point, None::<&str>, flags, None::<&str>)?;
    }
    expect_failure(&["--memory", "64m"], &["EROFS", "read-only", "--privileged"])
}

fn a_machine_without_trees_is_told() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    for point in mounts()? {
        umount2(&point, MntFlags::MNT_DETACH)?;
    }
    expect_failure(&["--memory", "64m"], &["no cgroup file system", "mount -t cgroup2"])
}

fn a_controller_that_is_not_there_is_told() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let machine = Machine::observe()?;
    let pids = machine.hierarchy_of(Controller::Pids).filter(|hierarchy| hierarchy.version == Version::V1);
    needs::that(pids.is_some(), "pids on cgroup v1")?;
    // In a lab there are two mounts at one place: its own, and below it the machine's.
    while let Some(hierarchy) = Machine::observe()?.hierarchy_of(Controller::Pids) {
        umount2(&hierarchy.mount_point, MntFlags::MNT_DETACH)?;
    }
    expect_failure(&["--pids-limit", "20"], &["the controller pids is not available", "cure:"])?;
    // What doesn't need it goes on.
    let output = run(&["--memory", "64m"], "true").output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    expect_nothing_left()
}

fn a_mount_point_of_any_bytes_is_passed_over() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let point = Path::new("/tmp").join(OsStr::from_bytes(b"\xff"));
    std::fs::create_dir(&point)?;
    mount(Some("odd"), &point, Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    let output = run(&["--pids-limit", "9"], "echo it ran").output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    umount2(&point, MntFlags::empty())?;
    expect_nothing_left()
}

fn a_device_that_the_cgroup_above_lacks_is_refused_with_the_reason() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let machine = Machine::observe()?;
    let tree = machine.hierarchy_of(Controller::Devices).filter(|tree| tree.version == Version::V1);
    needs::that(tree.is_some(), "devices on cgroup v1")?;
    let above = tree.map(|tree| tree.mount_point.join("above")).unwrap_or_default();
    std::fs::create_dir(&above)?;
    std::fs::write(above.join("devices.deny"), "c 10:229 rwm")?;
    let flags = ["--cgroup-parent", "/above", "--device-cgroup-rule", "c 10:229 rwm"];
    expect_failure(&flags, &["EPERM", "devices.list", "cure:"])?;
    std::fs::remove_dir(&above)?;
    Ok(())
}

fn without_limits_nothing_of_it_matters() -> Result<()> {
    needs::root()?;
    for point in mounts()? {
        umount2(&point, MntFlags::MNT_DETACH)?;
    }
    let output = run(&[], "echo it ran").output()?;
    ensure!(output.status.success() && format_output(&output).contains("it ran"), "{}", format_output(&output));
    expect_nothing_left()
}
