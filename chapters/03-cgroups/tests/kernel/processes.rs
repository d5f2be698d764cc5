//! Processes: how many, and halted.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, eventually, run_to_end};

use crate::running::{Running, expect_nothing_left, need_groups, program, shown, small_root, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_fork_bomb_is_refused_and_counted,
        a_frozen_container_uses_nothing_and_a_thawed_one_goes_on,
        a_frozen_container_can_be_removed,
        whoever_enters_is_held_too,
        a_frozen_container_is_not_entered,
        a_frozen_container_is_not_started,
        below_a_frozen_parent_nothing_is_made,
        frozen_groups_below_hold_up_neither_the_end_nor_a_removal,
        a_container_with_groups_inside_is_entered,
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

fn a_frozen_container_is_not_started() -> Result<()> {
    need_groups()?;
    succeeds(program().args(["create", "--rootfs", small_root(), "--name", "boat", "--", "sleep", "60"]))?;
    succeeds(program().args(["freeze", "boat"]))?;
    let mut start = program();
    start.args(["start", "boat"]);
    let refused = run_to_end(start, Duration::from_secs(10));
    succeeds(program().args(["thaw", "boat"]))?;
    let refused = refused?;
    ensure!(!refused.status.success() && refused.stderr.contains("is frozen"), "{refused:?}");
    ensure!(refused.stderr.contains("cure: thaw"), "{refused:?}");
    // It can still be started.
    succeeds(program().args(["start", "boat"]))?;
    ensure!(statuses("boat")? == ["running", "running"], "{:?}", statuses("boat")?);
    succeeds(program().args(["rm", "--force", "boat"]))?;
    expect_nothing_left()
}

/// The file that freezes a group, and what is written into it.
fn freezes(group: &Path, frozen: bool) -> Result<()> {
    let (file, words) = match group.join("freezer.state") {
        file if file.exists() => (file, ["THAWED", "FROZEN"]),
        _ => (group.join("cgroup.freeze"), ["0", "1"]),
    };
    fs::write(&file, words[usize::from(frozen)]).with_context(|| format!("write {}", file.display()))
}

fn below_a_frozen_parent_nothing_is_made() -> Result<()> {
    need_groups()?;
    let held = Running::start(&["--cgroup-parent", "/boats"], "")?;
    let parent = held.folder("freezer")?.parent().context("no parent")?.to_path_buf();
    freezes(&parent, true)?;
    let refusals = [("run", "/boats"), ("create", "/boats/red")].map(|(verb, asked)| {
        let mut command = program();
        command.args([verb, "--rootfs", small_root(), "--cgroup-parent", asked, "--", "sleep", "60"]);
        run_to_end(command, Duration::from_secs(10))
    });
    freezes(&parent, false)?;
    for refused in refusals {
        let refused = refused?;
        let names_it = refused.stderr.contains("boats is frozen") && refused.stderr.contains(">/sys/fs/cgroup");
        ensure!(refused.status.code() == Some(125) && names_it, "{refused:?}");
    }
    held.end()?;
    expect_nothing_left()
}

/// On v1 a frozen process doesn't die, and a PID 1 waits for all the others of its namespace.
fn frozen_groups_below_hold_up_neither_the_end_nor_a_removal() -> Result<()> {
    need_groups()?;
    for forced in [false, true] {
        let mut held = Running::start(&["--name", "boat"], "sleep 1000 &")?;
        let sleep = *lab::look::children(held.pid).first().context("no sleep")?;
        let deeper = held.folder("freezer")?.join("one/two");
        fs::create_dir_all(&deeper)?;
        fs::write(deeper.join("cgroup.procs"), sleep.to_string())?;
        for group in [&deeper, deeper.parent().context("no parent")?] {
            freezes(group, true)?;
        }
        if forced {
            let mut rm = program();
            rm.args(["rm", "--force", "boat"]);
            let rm = run_to_end(rm, Duration::from_secs(8))?;
            ensure!(rm.status.success(), "{rm:?}");
        } else {
            drop(held.child.stdin.take());
        }
        eventually("run ends", || Ok(held.child.try_wait()?.is_some()))?;
        expect_nothing_left()?;
    }
    Ok(())
}

/// As a runtime inside does: processes go to a leaf, and controllers to the leaves.
fn a_container_with_groups_inside_is_entered() -> Result<()> {
    need_groups()?;
    let held = Running::start(&["--name", "boat", "--pids-limit", "50"], "")?;
    let group = held.folder("pids")?;
    let (leaf, control) = (group.join("init"), group.join("cgroup.subtree_control"));
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
    // And of a frozen group inside it is told.
    freezes(&held.folder("freezer")?, true)?;
    let refused = program().args(["enter", "boat", "--", "true"]).output()?;
    freezes(&held.folder("freezer")?, false)?;
    ensure!(shown(&refused).contains("is frozen"), "{}", shown(&refused));
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
