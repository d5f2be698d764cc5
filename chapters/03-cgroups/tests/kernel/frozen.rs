//! Frozen cgroups: a container that stands still, and who is not to stand still with it.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, eventually, run_to_end};

use crate::running::{Running, expect_nothing_left, format_output, need_cgroups, program, small_root, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_frozen_container_uses_nothing_and_a_thawed_one_goes_on,
        a_frozen_container_can_be_removed,
        a_frozen_container_is_not_entered,
        a_frozen_container_is_not_started,
        below_a_frozen_parent_nothing_is_made,
        frozen_cgroups_below_hold_up_neither_the_end_nor_a_removal,
    ]
}

const HOG: &str = "while :; do :; done &";

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

/// The file that freezes a cgroup, and what is written into it.
pub fn freezes(cgroup: &Path, frozen: bool) -> Result<()> {
    let (file, words) = match cgroup.join("freezer.state") {
        file if file.exists() => (file, ["THAWED", "FROZEN"]),
        _ => (cgroup.join("cgroup.freeze"), ["0", "1"]),
    };
    fs::write(&file, words[usize::from(frozen)]).with_context(|| format!("write {}", file.display()))
}

fn a_frozen_container_uses_nothing_and_a_thawed_one_goes_on() -> Result<()> {
    need_cgroups()?;
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
    ensure!(
        gone.status.code() == Some(1) && format_output(&gone).contains("no such container"),
        "{}",
        format_output(&gone)
    );
    expect_nothing_left()
}

fn a_frozen_container_can_be_removed() -> Result<()> {
    need_cgroups()?;
    let mut hog = Running::start(&["--name", "hog"], HOG)?;
    succeeds(program().args(["freeze", "hog"]))?;
    succeeds(program().args(["rm", "--force", "hog"]))?;
    hog.child.wait()?;
    expect_nothing_left()
}

fn a_frozen_container_is_not_entered() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat"], "")?;
    succeeds(program().args(["freeze", "boat"]))?;
    // Were it to join, it would stand still, and on v1 couldn't even be killed: so the thawing is in
    // other hands.
    let mut enter = program().args(["enter", "boat", "--", "true"]).stderr(Stdio::piped()).spawn()?;
    let ended = eventually("it is refused", || Ok(enter.try_wait()?.is_some()));
    succeeds(program().args(["thaw", "boat"]))?;
    ended?;
    let output = enter.wait_with_output()?;
    ensure!(
        output.status.code() == Some(125) && format_output(&output).contains("cure: thaw boat"),
        "{}",
        format_output(&output)
    );
    succeeds(program().args(["enter", "boat", "--", "true"]))?;
    held.end()?;
    expect_nothing_left()
}

fn a_frozen_container_is_not_started() -> Result<()> {
    need_cgroups()?;
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

fn below_a_frozen_parent_nothing_is_made() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--cgroup-parent", "/boats"], "")?;
    let parent = held.directory("freezer")?.parent().context("no parent")?.to_path_buf();
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
fn frozen_cgroups_below_hold_up_neither_the_end_nor_a_removal() -> Result<()> {
    need_cgroups()?;
    for forced in [false, true] {
        let mut held = Running::start(&["--name", "boat"], "sleep 1000 &")?;
        let sleep = *lab::observe::children(held.pid).first().context("no sleep")?;
        let deeper = held.directory("freezer")?.join("one/two");
        fs::create_dir_all(&deeper)?;
        fs::write(deeper.join("cgroup.procs"), sleep.to_string())?;
        for cgroup in [&deeper, deeper.parent().context("no parent")?] {
            freezes(cgroup, true)?;
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
