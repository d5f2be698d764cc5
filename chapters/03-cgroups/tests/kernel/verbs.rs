//! stats, events, update, ls.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, eventually, needs, patiently};

use crate::io::{node, some_disk};
use crate::running::{Running, expect_nothing_left, format_output, need_cgroups, number, program, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        stats_say_what_the_kernel_says,
        followed_stats_end_with_the_container,
        events_are_told_as_they_happen,
        the_kill_that_ends_a_container_is_told_to_who_follows,
        an_update_holds_at_once,
        an_update_reaches_a_controller_that_nobody_asked_for_at_the_start,
        an_update_that_makes_no_sense_changes_nothing,
        an_update_is_all_or_nothing,
        the_tree_shows_containers_and_their_limits,
        names_of_any_bytes_break_neither_the_tree_nor_the_terminal,
        a_damaged_file_hides_no_other_container,
        without_a_container_there_is_nothing_to_show,
    ]
}

fn stats_say_what_the_kernel_says() -> Result<()> {
    need_cgroups()?;
    let flags = ["--name", "boat", "--memory", "64m", "--pids-limit", "20", "--cpus", "0.2"];
    let held = Running::start(&flags, "head -c 3000000 /dev/zero >/tmp/file; while :; do :; done &")?;
    eventually("it is throttled", || Ok(held.throttled()? > 2))?;
    let text = succeeds(program().args(["stats", "--format", "json"]))?;
    let stats: serde_json::Value = serde_json::from_str(&text).context(text)?;
    ensure!(stats["name"] == "boat" && stats["id"].as_str().is_some_and(|id| id.len() == 64), "{stats}");
    ensure!(stats["memory"]["limit"] == 64 << 20 && stats["pids"]["limit"] == 20, "{stats}");
    ensure!(stats["pids"]["current"] == 2, "{stats}");
    let counted = |value: &serde_json::Value| value.as_u64().unwrap_or(0);
    // A file in a tmpfs is memory, and no cache that could be taken back (though the kernel counts it
    // as cache).
    ensure!(counted(&stats["memory"]["usage"]) >= 3_000_000, "{stats}");
    ensure!(counted(&stats["memory"]["cache"]) < 3_000_000, "{stats}");
    ensure!(counted(&stats["cpu"]["throttled_periods"]) > 2 && counted(&stats["cpu"]["usage_usec"]) > 1000, "{stats}");
    ensure!(counted(&stats["cpu"]["usage_usec"]) <= held.used()?, "{stats}");
    let table = succeeds(program().arg("stats"))?;
    ensure!(table.contains("boat") && table.contains("/64.0M") && table.contains("2/20"), "{table}");
    ensure!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    held.end()?;
    expect_nothing_left()
}

fn followed_stats_end_with_the_container() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat"], "while :; do :; done &")?;
    let mut follower = program().args(["stats", "--follow", "boat"]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(follower.stdout.take().context("no stdout")?).lines();
    // The second has the share of the time between.
    let rows = lines.by_ref().take(3).collect::<Result<Vec<_>, _>>()?;
    let row = rows.get(2).filter(|row| row.starts_with("boat")).with_context(|| format!("{rows:?}"))?;
    let share: f64 = row.split_whitespace().nth(1).context("no column")?.parse().with_context(|| row.clone())?;
    ensure!(share > 5.0, "a hog that uses {share} %");
    held.end()?;
    lines.for_each(drop);
    ensure!(follower.wait()?.success());
    expect_nothing_left()
}

fn events_are_told_as_they_happen() -> Result<()> {
    need_cgroups()?;
    let flags = ["--name", "boat", "--memory", "32m", "--memory-swap", "32m"];
    let mut command = crate::running::run(&flags, "echo ready; read line; tail /dev/zero; read line; true");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().context("no stdout")?).read_line(&mut line)?;
    let follower = program().args(["events", "--follow", "boat"]).stdout(Stdio::piped()).spawn()?;
    std::thread::sleep(patiently(Duration::from_millis(200)));
    let mut stdin = child.stdin.take().context("no stdin")?;
    std::io::Write::write_all(&mut stdin, b"go\n")?;
    eventually("the kernel has killed", || {
        let text = succeeds(program().args(["events", "--format", "json", "boat"]))?;
        let events: serde_json::Value = serde_json::from_str(&text)?;
        Ok(events["oom_kills"] == 1)
    })?;
    std::thread::sleep(patiently(Duration::from_millis(200)));
    drop(stdin);
    child.wait()?;
    let output = follower.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(text.lines().any(|line| line.split_whitespace().eq(["oom_kills", "1"])), "{text}");
    expect_nothing_left()
}

fn the_kill_that_ends_a_container_is_told_to_who_follows() -> Result<()> {
    need_cgroups()?;
    for _ in 0..3 {
        let flags = ["--name", "boat", "--memory", "32m", "--memory-swap", "32m"];
        let mut command = crate::running::run(&flags, "echo ready; read line; exec tail /dev/zero");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().context("no stdout")?).read_line(&mut line)?;
        let mut follow = program();
        follow.args(["events", "--follow", "--format", "json", "boat"]).stdout(Stdio::piped());
        let mut follower = follow.spawn()?;
        let mut lines = BufReader::new(follower.stdout.take().context("no stdout")?).lines();
        // The first is what there is; from now on it follows.
        let first = lines.next().context("nothing was told")??;
        ensure!(first.contains("\"oom_kills\":0"), "{first}");
        drop(child.stdin.take());
        ensure!(child.wait()?.code() == Some(137));
        let last = lines.last().context("nothing was told of the end")??;
        ensure!(last.contains("\"oom_kills\":1"), "{last}");
        ensure!(follower.wait()?.success());
    }
    expect_nothing_left()
}

fn an_update_holds_at_once() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--memory", "64m", "--memory-swap", "64m"], "while :; do :; done &")?;
    ensure!(held.throttled()? == 0);
    succeeds(program().args(["update", "--cpus", "0.1", "--pids-limit", "30", "boat"]))?;
    eventually("it is throttled", || Ok(held.throttled()? > 0))?;
    // Up, beyond memory and swap together on v1, and down again; the swap (none) stays what it was.
    for size in [128u64 << 20, 32 << 20] {
        succeeds(program().args(["update", "--memory", &size.to_string(), "boat"]))?;
        let limit = held.counter("memory", ("memory.limit_in_bytes", None), ("memory.max", None))?;
        ensure!(limit == size, "{limit}");
        let directory = held.directory("memory")?;
        let (v1, v2) = (directory.join("memory.memsw.limit_in_bytes"), directory.join("memory.swap.max"));
        ensure!(!v1.exists() || number(&v1, None)? == size);
        ensure!(!v2.exists() || number(&v2, None)? == 0);
    }
    held.end()?;
    expect_nothing_left()
}

fn an_update_reaches_a_controller_that_nobody_asked_for_at_the_start() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat"], "")?;
    let cgroup = held.directory("memory")?;
    let control = cgroup.with_file_name("cgroup.subtree_control");
    needs::that(control.exists(), "cgroup v2")?;
    let update = || program().args(["update", "--cpuset-cpus", "0", "boat"]).output();
    fs::write(&control, "-cpuset")?;
    let refused = update()?;
    ensure!(format_output(&refused).contains("the cgroup above gives it none"), "{}", format_output(&refused));
    fs::write(&control, "+cpuset")?;
    let updated = update()?;
    ensure!(updated.status.success(), "{}", format_output(&updated));
    ensure!(fs::read_to_string(cgroup.join("cpuset.cpus"))?.trim() == "0");
    held.end()?;
    expect_nothing_left()
}

fn an_update_that_makes_no_sense_changes_nothing() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--pids-limit", "50"], "")?;
    let pids = || held.counter("pids", ("pids.max", None), ("pids.max", None));
    // No cpuset was asked for at the start: on v1 the container is in no such cgroup.
    for flags in [&["--pids-limit", "0"][..], &["--memory", "1k"], &["--cpu-shares", "1"], &["--cpuset-cpus", "999"]] {
        let output = program().arg("update").args(["--pids-limit", "60"]).args(flags).arg("boat").output()?;
        ensure!(!output.status.success(), "{flags:?}: {}", format_output(&output));
        ensure!(pids()? == 50, "{flags:?}: {}", pids()?);
    }
    let output = program().args(["update", "boat"]).output()?;
    ensure!(format_output(&output).contains("at least one limit"), "{}", format_output(&output));
    held.end()?;
    expect_nothing_left()
}

/// What its cgroups' files say, where an update writes.
fn limits_of(held: &Running) -> Result<Vec<String>> {
    let files = [
        ("cpu", ["cpu.shares", "cpu.weight"]),
        ("cpuset", ["cpuset.cpus", "cpuset.cpus.effective"]),
        ("pids", ["pids.max", "pids.max"]),
        ("blkio", ["blkio.throttle.read_bps_device", "io.max"]),
    ];
    let text = |(controller, [v1, v2]): (&str, [&str; 2])| {
        let directory = held.directory(controller)?;
        let file = if directory.join("cgroup.type").exists() { v2 } else { v1 };
        fs::read_to_string(directory.join(file)).with_context(|| format!("{file} in {}", directory.display()))
    };
    files.into_iter().map(text).collect()
}

fn an_update_is_all_or_nothing() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let none = node("/tmp/none", 200, 200)?;
    let disk = some_disk()?.map(|disk| format!("{}:9000000", disk.display()));
    let held = Running::start(&["--name", "boat", "--pids-limit", "50", "--cpuset-mems", "0"], "")?;
    let before = limits_of(&held)?;
    let common = ["update", "--pids-limit", "60", "--cpu-shares", "512", "--cpuset-cpus", "0"];
    let device: Vec<&str> = disk.iter().flat_map(|disk| ["--device-read-bps", disk]).collect();
    // The kernel refuses the last write: it has no such device.
    let refused = ["--device-write-bps", &format!("{}:9000000", none.display()), "boat"];
    let output = program().args(common).args(&device).args(refused).output()?;
    ensure!(!output.status.success() && format_output(&output).contains("ENODEV"), "{}", format_output(&output));
    ensure!(format_output(&output).contains("the limits stay as they were"), "{}", format_output(&output));
    ensure!(limits_of(&held)? == before, "{before:?} has become {:?}", limits_of(&held)?);
    // And all of it is done without that.
    succeeds(program().args(common).args(&device).arg("boat"))?;
    let after = limits_of(&held)?;
    ensure!(after[2] == "60\n" && after[3].contains("9000000") == disk.is_some(), "{after:?}");
    held.end()?;
    expect_nothing_left()
}

fn the_tree_shows_containers_and_their_limits() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--name", "boat", "--memory", "64m", "--pids-limit", "20"], "")?;
    let tree = succeeds(program().arg("ls"))?;
    let row = tree.lines().find(|line| line.contains("container boat")).context(tree.clone())?;
    ensure!(row.ends_with("64.0M") && row.contains(" 1 "), "{tree}");
    let tree = succeeds(program().args(["ls", "--controller", "pids", "--format", "json"]))?;
    let rows = tree.lines().map(serde_json::from_str).collect::<Result<Vec<serde_json::Value>, _>>()?;
    ensure!(rows.iter().any(|row| row["container"] == "boat" && row["limit"] == "20"), "{tree}");
    held.end()?;
    expect_nothing_left()
}

fn names_of_any_bytes_break_neither_the_tree_nor_the_terminal() -> Result<()> {
    need_cgroups()?;
    let held = Running::start(&["--pids-limit", "20"], "")?;
    let above = held.directory("pids")?.parent().context("no parent")?.to_path_buf();
    let odd = [&b"\xff\xfe"[..], b"\x1b[31m red"].map(|name| above.join(OsStr::from_bytes(name)));
    for directory in &odd {
        fs::create_dir(directory)?;
    }
    let table = succeeds(program().args(["ls", "--controller", "pids"]))?;
    ensure!(!table.contains('\x1b') && table.contains("\\u{1b}[31m red"), "{table}");
    let rows = succeeds(program().args(["ls", "--controller", "pids", "--format", "json"]))?;
    let rows = rows.lines().map(serde_json::from_str).collect::<Result<Vec<serde_json::Value>, _>>()?;
    let has = |end: &str| rows.iter().any(|row| row["path"].as_str().is_some_and(|path| path.ends_with(end)));
    ensure!(has("\u{fffd}\u{fffd}") && has("\x1b[31m red"), "{rows:?}");
    for directory in &odd {
        fs::remove_dir(directory)?;
    }
    held.end()?;
    expect_nothing_left()
}

fn a_damaged_file_hides_no_other_container() -> Result<()> {
    need_cgroups()?;
    let (one, two) = (Running::start(&["--name", "one"], "")?, Running::start(&["--name", "two"], "")?);
    let states = serde_json::from_str::<serde_json::Value>(&succeeds(program().args(["ps", "--format", "json"]))?)?;
    let id =
        states.as_array().into_iter().flatten().find(|state| state["name"] == "one").context("no id")?["id"].clone();
    fs::write(format!("{}/{}/cgroup.json", crate::running::STORE, id.as_str().context("no id")?), "{")?;
    let output = program().arg("stats").output()?;
    let said = format_output(&output);
    ensure!(output.status.success() && said.contains("two ") && said.contains("cure: rm --force"), "{said}");
    two.end()?;
    one.end()?;
    expect_nothing_left()
}

fn without_a_container_there_is_nothing_to_show() -> Result<()> {
    for verb in ["stats", "freeze", "thaw", "events"] {
        let output = program().args([verb, "nobody"]).output()?;
        ensure!(
            output.status.code() == Some(1) && format_output(&output).contains("no such container"),
            "{}",
            format_output(&output)
        );
    }
    ensure!(succeeds(program().arg("stats"))?.lines().count() == 1);
    Ok(())
}
