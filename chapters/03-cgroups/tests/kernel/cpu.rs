//! Processor time: proven by what was used, and by the kernel's count of throttled periods.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ch03_cgroups::limits::Size;
use testkit::{Case, cases, needs, patiently};

use crate::running::{Running, expect_nothing_left, format_output, need_cgroups, number, program, run, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_hog_gets_its_quota_and_no_more,
        a_quota_may_be_given_in_microseconds,
        shares_divide_a_processor_that_both_want,
        a_cpuset_holds_it_on_its_processors,
        processors_that_the_cgroup_above_has_not_are_refused,
        an_update_of_the_quota_keeps_the_period_and_the_other_way,
        a_shorter_period_is_taken_where_a_cgroup_above_has_a_quota,
    ]
}

const HOG: &str = "while :; do :; done &";

/// By the kernel's own count of periods, however long they took on a busy machine: what was used is
/// a quota for each, and in some it had to wait. Looked at from the first wait on: until then it
/// may be starting still.
fn uses_at_most(held: &Running, quota_usec: u64) -> Result<()> {
    let counts = || -> Result<_> {
        let periods = held.counter("cpu", ("cpu.stat", Some("nr_periods")), ("cpu.stat", Some("nr_periods")))?;
        Ok((periods, held.used()?))
    };
    throttled_times(held, 1)?;
    let before = counts()?;
    throttled_times(held, held.throttled()? + 5)?;
    let after = counts()?;
    let (periods, used) = (after.0 - before.0, after.1 - before.1);
    // One is under way; and what is used is looked at when the clock ticks, on each processor, and
    // taken off the next periods.
    let most = (periods + 2) * quota_usec + 10_000;
    ensure!(used <= most, "in {periods} periods it was to use {most} microseconds at most, and used {used}");
    Ok(())
}

fn throttled_times(held: &Running, times: u64) -> Result<()> {
    let give_up = Instant::now() + patiently(Duration::from_secs(10));
    while held.throttled()? < times {
        ensure!(Instant::now() < give_up, "it wants a processor, and was throttled {} times", held.throttled()?);
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn a_hog_gets_its_quota_and_no_more() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--cpus", "0.2"], HOG)?;
    uses_at_most(&held, 20_000)?;
    let free = Running::start(&[], HOG)?;
    sleep(Duration::from_millis(300));
    ensure!(free.throttled()? == 0, "a container without a quota was throttled");
    held.end()?;
    free.end()?;
    expect_nothing_left()
}

fn a_quota_may_be_given_in_microseconds() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--cpu-period", "20000", "--cpu-quota", "2000"], HOG)?;
    uses_at_most(&held, 2_000)?;
    held.end()?;
    expect_nothing_left()
}

fn shares_divide_a_processor_that_both_want() -> Result<()> {
    need_cgroups()?;
    let on_one = |shares| ["--cpuset-cpus", "0", "--cpu-shares", shares];
    let (much, little) = (Running::start(&on_one("2048"), HOG)?, Running::start(&on_one("256"), HOG)?);
    let before = (much.used()?, little.used()?);
    sleep(patiently(Duration::from_secs(2)));
    let used = ((much.used()? - before.0) as f64, (little.used()? - before.1) as f64);
    let ratio = used.0 / used.1.max(1.0);
    // 8 to 1 on v1; by the conversion, 165 to 35 on v2.
    ensure!((2.5..16.0).contains(&ratio), "eight times the shares gave {ratio} times the time: {used:?}");
    much.end()?;
    little.end()?;
    expect_nothing_left()
}

fn a_cpuset_holds_it_on_its_processors() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--cpuset-cpus", "0", "--cpuset-mems", "0"], "")?;
    let status = fs::read_to_string(format!("/proc/{}/status", held.pid))?;
    let list = |name: &str| {
        status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_string())).context("no such line")
    };
    ensure!(list("Cpus_allowed_list:")? == "0", "{status}");
    ensure!(list("Mems_allowed_list:")? == "0", "{status}");
    held.end()?;
    expect_nothing_left()
}

fn processors_that_the_cgroup_above_has_not_are_refused() -> Result<()> {
    need_cgroups()?;
    needs::that(Size::of_this_machine()?.cpus.starts_with(&[0, 1]), "two processors")?;
    let in_boats = ["--cgroup-parent", "/boats", "--cpuset-cpus"];
    let held = Running::start(&[&in_boats[..], &["0", "--name", "boat"]].concat(), "")?;
    let own = held.directory("cpuset")?;
    fs::write(own.parent().context("no parent")?.join("cpuset.cpus"), "0")?;
    // On v1 the kernel refuses; on v2 it takes the list, and lets the container run elsewhere.
    for list in ["1", "0-1"] {
        let output = run(&[&in_boats[..], &[list]].concat(), "echo it ran").output()?;
        ensure!(output.status.code() == Some(125), "{list}: {}", format_output(&output));
        ensure!(format_output(&output).contains("--cpuset-cpus"), "{list}: {}", format_output(&output));
        let output = program().args(["update", "--cpuset-cpus", list, "boat"]).output()?;
        ensure!(format_output(&output).contains("the limits stay as they were"), "{list}: {}", format_output(&output));
        ensure!(fs::read_to_string(own.join("cpuset.cpus"))?.trim() == "0", "{list}");
    }
    held.end()?;
    expect_nothing_left()
}

/// Quota and period as v2's file has them: `20000 100000`.
fn quota_and_period(held: &Running) -> Result<String> {
    let directory = held.directory("cpu")?;
    let max = directory.join("cpu.max");
    if max.exists() {
        return Ok(fs::read_to_string(max)?.trim().to_string());
    }
    let quota = fs::read_to_string(directory.join("cpu.cfs_quota_us"))?;
    let quota = if quota.trim() == "-1" { "max" } else { quota.trim() };
    Ok(format!("{quota} {}", number(&directory.join("cpu.cfs_period_us"), None)?))
}

fn an_update_of_the_quota_keeps_the_period_and_the_other_way() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--cpu-period", "50000"], "")?;
    ensure!(quota_and_period(&held)? == "max 50000", "{}", quota_and_period(&held)?);
    for (flags, expected) in [
        (&["--cpu-quota", "20000"][..], "20000 50000"),
        (&["--cpu-period", "40000"], "20000 40000"),
        (&["--cpu-period", "80000"], "20000 80000"),
        (&["--cpu-quota", "-1"], "max 80000"),
        (&["--cpus", "0.5"], "50000 100000"),
    ] {
        succeeds(program().arg("update").args(flags).arg("boat"))?;
        ensure!(quota_and_period(&held)? == expected, "{flags:?}: {}", quota_and_period(&held)?);
    }
    // What no machine reaches is known only together with the period that the container has.
    let output = program().args(["update", "--cpu-period", "1000", "boat"]).output()?;
    ensure!(
        !output.status.success() && format_output(&output).contains("would never be reached"),
        "{}",
        format_output(&output)
    );
    ensure!(quota_and_period(&held)? == "50000 100000", "{}", quota_and_period(&held)?);
    held.end()?;
    expect_nothing_left()
}

fn a_shorter_period_is_taken_where_a_cgroup_above_has_a_quota() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--cgroup-parent", "/boats", "--cpus", "0.5"], "")?;
    let parent = held.directory("cpu")?.parent().context("no parent")?.to_path_buf();
    let (v1, v2) = (parent.join("cpu.cfs_quota_us"), parent.join("cpu.max"));
    fs::write(if v2.exists() { v2 } else { v1 }, "100000")?;
    for (period, quota) in [("10000", "5000"), ("100000", "50000")] {
        succeeds(program().args(["update", "--cpu-period", period, "--cpu-quota", quota, "boat"]))?;
        ensure!(quota_and_period(&held)? == format!("{quota} {period}"), "{}", quota_and_period(&held)?);
    }
    held.end()?;
    expect_nothing_left()
}
