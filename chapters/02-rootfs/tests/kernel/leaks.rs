//! What a container must not leave, or show, outside.

use std::fs;
use std::process::Stdio;

use anyhow::{Result, ensure};
use lab::observe;
use testkit::{Case, cases, eventually};

use crate::boxes;
use crate::running::{self, Outside, Running, expect_empty_store, format_output, program};

pub fn cases() -> Vec<Case> {
    let shared = cases![no_mount_is_seen_outside_where_mounts_are_shared, a_root_on_a_shared_mount_is_left_as_it_was];
    let private = cases![
        no_mount_is_seen_outside,
        fifty_at_once_leave_nothing,
        a_killed_run_leaves_what_the_next_one_removes,
        a_created_container_starts_and_goes,
    ];
    [shared.into_iter().map(Case::with_shared_mounts).collect(), private].concat()
}

fn no_mount_is_seen_outside_where_mounts_are_shared() -> Result<()> {
    let mounts = observe::mountinfo(running::here())?;
    ensure!(mounts.iter().any(|mount| mount.propagation.shared.is_some()), "the lab's mounts are not shared");
    no_mount_is_seen_outside()
}

fn no_mount_is_seen_outside() -> Result<()> {
    boxes::small("box")?;
    fs::create_dir("/tmp/data")?;
    let outside = Outside::now()?;
    let volumes = ["-v", "/tmp/data:/data:ro", "--tmpfs", "/t", "--read-only"];
    let ways: [&[&str]; 6] = [
        &[],
        &["--chroot"],
        &["--rootfs", "/tmp/box"],
        &["--rootfs", "/tmp/box", "--chroot"],
        &volumes,
        &["--rootfs", "/tmp/box", "-v", "/tmp/data:/data", "-v", "/tmp/box:/again"],
    ];
    for way in ways {
        let running = Running::start(way, "mount -t tmpfs made-inside /mnt; mount -t tmpfs made-inside /proc/sys;")?;
        outside.expect_the_same(&format!("while {way:?} runs"))?;
        let mounts = running.mounts()?;
        ensure!(mounts.iter().any(|mount| mount.source == "made-inside"), "{way:?}: nothing was mounted: {mounts:?}");
        drop(running);
        outside.expect_the_same(&format!("after {way:?}"))?;
    }
    expect_empty_store()
}

fn a_root_on_a_shared_mount_is_left_as_it_was() -> Result<()> {
    let root = boxes::small("box")?;
    let before = (Outside::now()?, boxes::names(&root)?);
    let output = running::run(&["--rootfs", "/tmp/box"], "mount -t tmpfs inside /home").output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    before.0.expect_the_same("after a container on a shared mount")?;
    ensure!(boxes::names(&root)? == before.1);
    Ok(())
}

fn fifty_at_once_leave_nothing() -> Result<()> {
    let outside = Outside::now()?;
    let begin = |_| running::run(&["--tmpfs", "/t"], "echo x >/t/x").spawn();
    let mut children = (0..50).map(begin).collect::<Result<Vec<_>, _>>()?;
    for child in &mut children {
        ensure!(child.wait()?.success(), "one of 50 failed");
    }
    outside.expect_the_same("after 50 containers")?;
    expect_empty_store()?;
    // One root file system was made for all of them.
    let cached = boxes::names(std::path::Path::new("/tmp/cache/coracle/hostbox"))?;
    ensure!(cached.len() == 3 && cached[..2] == ["lock", "manifest.json"], "{cached:?}");
    Ok(())
}

fn a_killed_run_leaves_what_the_next_one_removes() -> Result<()> {
    let outside = Outside::now()?;
    let mut running = Running::start(&[], "")?;
    running.child.kill()?;
    running.child.wait()?;
    eventually("the container dies with the run that made it", || Ok(!observe::process_exists(running.pid)))?;
    ensure!(running::run(&[], "true").status()?.success());
    outside.expect_the_same("after a killed run")?;
    expect_empty_store()
}

fn a_created_container_starts_and_goes() -> Result<()> {
    let outside = Outside::now()?;
    fs::create_dir("/tmp/data")?;
    let create = ["create", "--name", "boat", "-v", "/tmp/data:/data", "--", "sh", "-c", "echo started >/data/mark"];
    let output = program().args(create).stdout(Stdio::null()).output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    ensure!(!std::path::Path::new("/tmp/data/mark").exists());
    ensure!(program().args(["start", "boat"]).status()?.success());
    eventually("its command has run", || {
        Ok(fs::read_to_string("/tmp/data/mark").is_ok_and(|text| text == "started\n"))
    })?;
    eventually("it can be removed", || Ok(program().args(["rm", "boat"]).stderr(Stdio::null()).status()?.success()))?;
    outside.expect_the_same("after create, start and rm")?;
    expect_empty_store()
}
