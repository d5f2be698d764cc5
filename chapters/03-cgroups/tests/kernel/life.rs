//! What must not be left, whatever happens.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use ch01_namespaces::{Container, Mechanism, Plan, Spec, Stage, Store};
use ch03_cgroups::controller::{Controller, Version};
use ch03_cgroups::limits::Limits;
use ch03_cgroups::machine::Machine;
use ch03_cgroups::mechanisms::ContainerCgroups;
use ch03_cgroups::place::Place;
use lab::observe;
use testkit::{Case, cases, eventually};

use crate::running::{
    Running, STORE, cgroups, expect_nothing_left, format_output, need_cgroups, program, run, small_root, succeeds,
};

pub fn cases() -> Vec<Case> {
    let slow = cases![a_hundred_at_once_have_the_right_limits_and_leave_nothing];
    let quick = cases![
        a_killed_run_leaves_what_the_next_one_removes,
        a_process_that_stays_behind_ends_with_the_cgroup,
        cgroups_below_the_containers_are_removed_first,
        a_cgroup_that_is_there_already_is_not_harmed,
        a_created_container_has_its_limits_and_goes,
        a_failure_after_the_cgroups_were_made_leaves_none,
    ];
    [slow.into_iter().map(|case| case.time_limit(Duration::from_secs(120))).collect(), quick].concat()
}

fn a_hundred_at_once_have_the_right_limits_and_leave_nothing() -> Result<()> {
    need_cgroups()?;
    let on_v1 = |controller| {
        Machine::observe().is_ok_and(|machine| {
            machine.hierarchy_of(controller).is_some_and(|hierarchy| hierarchy.version == Version::V1)
        })
    };
    let memory = if on_v1(Controller::Memory) { "memory/memory.limit_in_bytes" } else { "memory.max" };
    let pids = if on_v1(Controller::Pids) { "pids/pids.max" } else { "pids.max" };
    let cpu = if on_v1(Controller::Cpu) { "cpu/cpu.cfs_quota_us" } else { "cpu.max" };
    let script = format!("cat /sys/fs/cgroup/{memory} /sys/fs/cgroup/{pids}; cut -d' ' -f1 /sys/fs/cgroup/{cpu}");
    // One by itself makes the store for all.
    ensure!(run(&[], "true").status()?.success());
    let start = |number: u64| {
        let (bytes, most) = (((16 + number) << 20).to_string(), (20 + number).to_string());
        let quota = (10_000 + number * 100).to_string();
        let flags = ["--memory", &bytes, "--pids-limit", &most, "--cpu-quota", &quota];
        let child = run(&flags, &script).stdout(Stdio::piped()).spawn()?;
        anyhow::Ok((child, format!("{bytes}\n{most}\n{quota}\n")))
    };
    let running = (0..100).map(start).collect::<Result<Vec<_>>>()?;
    for (child, expected) in running {
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{}", format_output(&output));
        ensure!(String::from_utf8_lossy(&output.stdout) == expected, "{expected:?}: {}", format_output(&output));
    }
    expect_nothing_left()
}

fn a_killed_run_leaves_what_the_next_one_removes() -> Result<()> {
    need_cgroups()?;
    let mut held = Running::start(&["--memory", "64m"], "sleep 60 &")?;
    held.child.kill()?;
    held.child.wait()?;
    eventually("the container dies with the run that made it", || Ok(!observe::process_exists(held.pid)))?;
    ensure!(!cgroups().is_empty(), "nothing was left, so nothing is proven");
    ensure!(run(&[], "true").status()?.success());
    expect_nothing_left()
}

fn a_process_that_stays_behind_ends_with_the_cgroup() -> Result<()> {
    need_cgroups()?;
    // Without a PID namespace of its own, what the command leaves behind lives on.
    let output = run(&["--namespaces", "mount,cgroup"], "sleep 1234 >/dev/null 2>&1 & echo $!").output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    let pid: i32 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    eventually("it is gone", || Ok(!observe::process_exists(pid)))?;
    expect_nothing_left()
}

fn cgroups_below_the_containers_are_removed_first() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--pids-limit", "50"], "")?;
    let directory = held.directory("pids")?;
    fs::create_dir_all(directory.join("one/two"))?;
    held.end()?;
    ensure!(!directory.exists());
    expect_nothing_left()
}

/// Makes a container's cgroup before the container does, as one of another store with the same id
/// would have.
struct SameId;

impl Mechanism for SameId {
    fn name(&self) -> &'static str {
        "same id"
    }

    fn stage(&self) -> Stage {
        Stage::Identity
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        let id = plan.directory().file_name().context("no id")?.to_string_lossy().into_owned();
        let place = Place::find(&Machine::observe()?, &[], None)?;
        Ok(fs::create_dir(place.sites[0].parent.join(format!("coracle-{}", &id[..12])))?)
    }
}

fn a_cgroup_that_is_there_already_is_not_harmed() -> Result<()> {
    need_cgroups()?;
    let place = Place::find(&Machine::observe()?, &[], None)?;
    let mechanisms: Vec<Box<dyn Mechanism>> =
        vec![Box::new(SameId), Box::new(ContainerCgroups::new(place, Limits::default()))];
    let spec = Spec { command: vec!["true".into()], ..Spec::default() };
    let error = Container::create(&Store::open(Path::new(STORE))?, spec, mechanisms).err().context("it was made")?;
    ensure!(format!("{error:#}").contains("is there already"), "{error:#}");
    let [theirs] = &cgroups()[..] else { bail!("instead of theirs there are {:?}", cgroups()) };
    fs::remove_dir(theirs)?;
    expect_nothing_left()
}

fn a_created_container_has_its_limits_and_goes() -> Result<()> {
    need_cgroups()?;
    let create = ["create", "--rootfs", small_root(), "--name", "boat", "--pids-limit", "33", "--", "sleep", "60"];
    succeeds(program().args(create))?;
    succeeds(program().args(["start", "boat"]))?;
    let stats = succeeds(program().args(["stats", "--format", "json", "boat"]))?;
    let stats: serde_json::Value = serde_json::from_str(&stats).context(stats)?;
    ensure!(stats["pids"]["limit"] == 33 && stats["pids"]["current"] == 1, "{stats}");
    succeeds(program().args(["rm", "--force", "boat"]))?;
    expect_nothing_left()
}

fn a_failure_after_the_cgroups_were_made_leaves_none() -> Result<()> {
    need_cgroups()?;
    for way in [&["--rootfs", "/tmp/none"][..], &["-v", "/tmp/none:/x"], &["-w", "/etc/passwd"]] {
        let output = run(&[&["--memory", "64m"][..], way].concat(), "true").output()?;
        ensure!(output.status.code() == Some(125), "{way:?}: {}", format_output(&output));
        expect_nothing_left()?;
    }
    let output =
        program().args(["run", "--rootfs", small_root(), "--memory", "64m", "--", "no-such-command"]).output()?;
    ensure!(output.status.code() == Some(127), "{}", format_output(&output));
    expect_nothing_left()
}
