//! Processes: how many, and halted.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::frozen::freezes;
use crate::running::{Running, expect_nothing_left, format_output, need_cgroups, program};

pub fn cases() -> Vec<Case> {
    cases![
        a_fork_bomb_is_refused_and_counted,
        whoever_enters_is_held_too,
        a_container_with_cgroups_inside_is_entered,
        a_full_container_is_entered_by_nobody_and_the_limit_is_named,
    ]
}

const BOMB: &str = "sh -c 'while sleep 60 & do :; done' 2>/dev/null;";

fn a_fork_bomb_is_refused_and_counted() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--pids-limit", "15"], BOMB)?;
    let file = |name: &'static str, field| held.counter("pids", (name, field), (name, field));
    ensure!(file("pids.events", Some("max"))? > 0, "no fork was refused");
    let current = file("pids.current", None)?;
    ensure!((10..=15).contains(&current), "{current} processes");
    held.end()?;
    expect_nothing_left()
}

fn whoever_enters_is_held_too() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--pids-limit", "15"], "")?;
    // What is left of the bomb would hold a pipe open.
    let mut enter = program();
    enter.args(["enter", "boat", "--", "sh", "-c", BOMB]).stdout(Stdio::null()).stderr(Stdio::null());
    let status = enter.status()?;
    let refused = held.counter("pids", ("pids.events", Some("max")), ("pids.events", Some("max")))?;
    ensure!(refused > 0, "the bomb was not held: {status}");
    held.end()?;
    expect_nothing_left()
}

/// As a runtime inside does: processes go to a leaf, and controllers to the leaves.
fn a_container_with_cgroups_inside_is_entered() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--pids-limit", "50"], "")?;
    let cgroup = held.directory("pids")?;
    let (leaf, control) = (cgroup.join("init"), cgroup.join("cgroup.subtree_control"));
    fs::create_dir(&leaf)?;
    fs::write(leaf.join("cgroup.procs"), held.pid.to_string())?;
    if control.exists() {
        fs::write(&control, "+pids")?;
    }
    let mut enter = program();
    enter.args(["enter", "boat", "--", "sh", "-c", "echo in; read line; true"]);
    let mut enter = enter.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut said = String::new();
    BufReader::new(enter.stdout.as_mut().context("no stdout")?).read_line(&mut said)?;
    let members = fs::read_to_string(leaf.join("cgroup.procs"))?;
    drop(enter.stdin.take());
    let status = enter.wait()?;
    ensure!(status.success() && said == "in\n", "{status}: {said}");
    ensure!(members.lines().count() >= 3, "it is not where process 1 is: {members}");
    // And of a frozen cgroup inside it is told.
    freezes(&held.directory("freezer")?, true)?;
    let refused = program().args(["enter", "boat", "--", "true"]).output()?;
    freezes(&held.directory("freezer")?, false)?;
    ensure!(format_output(&refused).contains("is frozen"), "{}", format_output(&refused));
    held.end()?;
    expect_nothing_left()
}

fn a_full_container_is_entered_by_nobody_and_the_limit_is_named() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--pids-limit", "2"], "sleep 60 &")?;
    let output = program().args(["enter", "boat", "--", "true"]).output()?;
    let said = format_output(&output);
    ensure!(output.status.code() == Some(125) && said.contains("EAGAIN") && said.contains("pids.max"), "{said}");
    held.end()?;
    expect_nothing_left()
}
