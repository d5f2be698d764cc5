//! Processes: how many, and halted.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, eventually};

use crate::running::{Running, expect_nothing_left, need_groups, program, shown, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_fork_bomb_is_refused_and_counted,
        a_frozen_container_uses_nothing_and_a_thawed_one_goes_on,
        a_frozen_container_can_be_removed,
        whoever_enters_is_held_too,
        a_frozen_container_is_not_entered,
        a_full_container_is_entered_by_nobody_and_the_limit_is_named,
    ]
}

const BOMB: &str = "sh -c 'while sleep 60 & do :; done' 2>/dev/null;";
const HOG: &str = "while :; do :; done &";

fn a_fork_bomb_is_refused_and_counted() -> Result<()> {
    need_groups()?;
    let held = Running::start(&["--pids-limit", "15"], BOMB)?;
    let file = |name: &'static str, field| held.counter("pids", (name, field), (name, field));
    ensure!(file("pids.events", Some("max"))? > 0, "no fork was refused");
    let current = file("pids.current", None)?;
    ensure!((10..=15).contains(&current), "{current} processes");
    held.end()?;
    expect_nothing_left()
}

fn a_frozen_container_uses_nothing_and_a_thawed_one_goes_on() -> Result<()> {
    need_groups()?;
    let hog = Running::start(&["--name", "hog"], HOG)?;
    succeeds(program().args(["freeze", "hog"]))?;
    let before = hog.used()?;
    sleep(Duration::from_millis(300));
    ensure!(hog.used()? == before, "it ran on: {} µs", hog.used()? - before);
    // Frozen twice is frozen.
    succeeds(program().args(["freeze", "hog"]))?;
    ensure!(statuses("hog")? == ["frozen", "frozen"], "{:?}", statuses("hog")?);
    succeeds(program().args(["thaw", "hog"]))?;
    ensure!(statuses("hog")? == ["running", "running"], "{:?}", statuses("hog")?);
    eventually("it goes on", || Ok(hog.used()? > before + 1000))?;
    hog.end()?;
    let gone = program().args(["freeze", "hog"]).output()?;
    ensure!(gone.status.code() == Some(1) && shown(&gone).contains("no such container"), "{}", shown(&gone));
    expect_nothing_left()
}

/// What `ps` says of a container: in the table, and in JSON.
fn statuses(name: &str) -> Result<[String; 2]> {
    let table = succeeds(program().arg("ps"))?;
    let row = table.lines().find(|line| line.contains(name)).context(table.clone())?;
    let json = succeeds(program().args(["ps", "--format", "json"]))?;
    let all: Vec<serde_json::Value> = serde_json::from_str(&json)?;
    let one = all.iter().find(|one| one["name"] == name).context(json.clone())?;
    let words = [row.split_whitespace().nth(1), one["status"].as_str()];
    Ok(words.map(|word| word.unwrap_or_default().to_string()))
}

fn a_frozen_container_can_be_removed() -> Result<()> {
    need_groups()?;
    let mut hog = Running::start(&["--name", "hog"], HOG)?;
    succeeds(program().args(["freeze", "hog"]))?;
    succeeds(program().args(["rm", "--force", "hog"]))?;
    hog.child.wait()?;
    expect_nothing_left()
}

fn whoever_enters_is_held_too() -> Result<()> {
    need_groups()?;
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

fn a_frozen_container_is_not_entered() -> Result<()> {
    need_groups()?;
    let held = Running::start(&["--name", "boat"], "")?;
    succeeds(program().args(["freeze", "boat"]))?;
    // Were it to join, it would stand still, and on v1 couldn't even be killed: so the thawing is in other hands.
    let mut enter = program().args(["enter", "boat", "--", "true"]).stderr(Stdio::piped()).spawn()?;
    let ended = eventually("it is refused", || Ok(enter.try_wait()?.is_some()));
    succeeds(program().args(["thaw", "boat"]))?;
    ended?;
    let output = enter.wait_with_output()?;
    ensure!(output.status.code() == Some(125) && shown(&output).contains("cure: thaw boat"), "{}", shown(&output));
    succeeds(program().args(["enter", "boat", "--", "true"]))?;
    held.end()?;
    expect_nothing_left()
}

fn a_full_container_is_entered_by_nobody_and_the_limit_is_named() -> Result<()> {
    need_groups()?;
    let held = Running::start(&["--name", "boat", "--pids-limit", "2"], "sleep 60 &")?;
    let output = program().args(["enter", "boat", "--", "true"]).output()?;
    let said = shown(&output);
    ensure!(output.status.code() == Some(125) && said.contains("EAGAIN") && said.contains("pids.max"), "{said}");
    held.end()?;
    expect_nothing_left()
}
