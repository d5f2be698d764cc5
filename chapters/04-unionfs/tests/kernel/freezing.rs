//! A running container stands still while it is committed, and goes on afterwards, whatever becomes
//! of the committer.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use ch03_cgroups::cgroup::Cgroup;
use ch03_cgroups::controller::{Controller, Version};

use nix::mount::{MsFlags, mount};
use testkit::{Case, cases, needs, root_cases};

use crate::archives::Archive;
use crate::running::{Running, World, format_output, succeeds};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![a_container_whose_committer_is_killed_is_thawed_by_the_next_command];
    cases.extend(root_cases![a_commit_that_can_not_freeze_says_so]);
    cases.into_iter().map(Case::with_own_cgroups).collect()
}

/// The container's cgroup with the freezer: its directory, the file that is written to, and that
/// file's version.
fn freezer(world: &World) -> Result<(PathBuf, PathBuf, Version)> {
    let id = world.id_of("one")?;
    let group = Cgroup::read(&world.store.join(id))?;
    let part = group.as_ref().and_then(|group| group.part(Controller::Freezer));
    needs::that(part.is_some(), "a cgroup that can be frozen")?;
    let part = part.context("no cgroup")?;
    let file = if part.version == Version::V1 { "freezer.state" } else { "cgroup.freeze" };
    Ok((part.directory.clone(), part.directory.join(file), part.version))
}

fn is_frozen(world: &World) -> Result<bool> {
    let (directory, file, version) = freezer(world)?;
    match version {
        Version::V1 => Ok(fs::read_to_string(file)?.trim() == "FROZEN"),
        Version::V2 => Ok(fs::read_to_string(directory.join("cgroup.events"))?.lines().any(|line| line == "frozen 1")),
    }
}

/// A container with enough files that a commit takes a while.
fn busy(world: &World) -> Result<Running> {
    world.base(Archive::new())?;
    let script = "i=0; while test $i -lt 400; do cat /bin/sh >/f$i; i=$((i+1)); done";
    Running::start(world, &["--name", "one"], "base", script)
}

fn a_container_whose_committer_is_killed_is_thawed_by_the_next_command() -> Result<()> {
    let world = World::new("vfs");
    let _running = busy(&world)?;
    ensure!(!is_frozen(&world)?);
    let mut commit = world.verb(&["commit"], &["one", "next"]);
    let mut commit = commit.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let frozen = testkit::eventually("the container is frozen", || is_frozen(&world));
    commit.kill()?;
    commit.wait()?;
    frozen?;
    ensure!(is_frozen(&world)?, "it was not killed in time: the test proves nothing");
    // (A worker of the killed one may live a moment longer.)
    testkit::eventually("the next command thaws it", || {
        succeeds(&mut world.verb(&["layer", "ls"], &[]))?;
        Ok(!is_frozen(&world)?)
    })?;
    ensure!(!world.on_disk()?.iter().any(|name| name.contains("/tmp/")), "{:?}", world.on_disk()?);
    // One that its owner has frozen stays so.
    succeeds(world.program().args(["freeze", "one"]))?;
    succeeds(&mut world.verb(&["layer", "ls"], &[]))?;
    ensure!(is_frozen(&world)?, "thawed by a sweep");
    succeeds(world.program().args(["thaw", "one"])).map(drop)
}

fn a_commit_that_can_not_freeze_says_so() -> Result<()> {
    let world = World::new("vfs");
    world.base(Archive::new())?;
    let _running = Running::start(&world, &["--name", "one"], "base", "echo x >/x")?;
    let (_, file, _) = freezer(&world)?;
    // Nobody writes to it any more.
    mount(Some(&file), &file, None::<&str>, MsFlags::MS_BIND, None::<&str>).context("bind")?;
    let read_only = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(None::<&str>, &file, None::<&str>, read_only, None::<&str>).context("read-only")?;
    let output = world.verb(&["commit"], &["one", "next"]).output()?;
    ensure!(
        output.status.success() && format_output(&output).contains("could not be frozen"),
        "{}",
        format_output(&output)
    );
    ensure!(!world.on_disk()?.iter().any(|name| name.contains("/tmp/")), "{:?}", world.on_disk()?);
    Ok(())
}
