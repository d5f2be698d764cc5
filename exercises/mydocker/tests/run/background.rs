//! Containers in the background: they outlive their maker, and what they wrote and how they ended
//! is known afterwards.

use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use lab::observe;
use testkit::{Case, cases, eventually, needs};

use crate::running::{mydocker, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        a_container_outlives_its_maker_and_its_end_is_known,
        a_container_is_stopped_politely_or_killed,
        a_name_is_free_again_when_the_container_was_removed,
        a_container_that_cant_begin_says_why,
        who_follows_a_log_sees_all_of_it_and_its_end,
        an_image_runs_in_the_background_and_its_files_are_removed,
    ]
}

/// With records of the test's own.
fn run(home: &Path, arguments: &[&str]) -> Result<Output> {
    needs::user_namespaces()?;
    mydocker(arguments).env("HOME", home).stdin(Stdio::null()).output().context("mydocker starts")
}

fn well(home: &Path, arguments: &[&str]) -> Result<String> {
    let output = run(home, arguments)?;
    ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(stdout(&output))
}

/// The container's line of `ps -a`, without its number and its blanks.
fn state(home: &Path, name: &str) -> Result<String> {
    let table = well(home, &["ps", "-a"])?;
    let line = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|words| words[1] == name);
    Ok(line.map(|words| words[2..].join(" ")).unwrap_or_default())
}

/// It is unique on the machine, where others run mydocker, too.
fn unique(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

const WAIT: &str = "echo out; echo err >&2; printf rest; while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 3";

fn a_container_outlives_its_maker_and_its_end_is_known() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    for (number, lab) in [&["--no-lab"][..], &["--init"]].into_iter().enumerate() {
        let before = observe::descendants(1);
        let name = unique(&format!("life-{number}"));
        let printed = well(home, &[&["run", "-d", "--name", &name], lab, &["sh", "-c", WAIT]].concat())?;
        ensure!(printed == name, "{printed}");
        ensure!(state(home, &name)?.starts_with("Up "), "{}", state(home, &name)?);
        ensure!(well(home, &["ps"])?.contains(&name));
        ensure!(run(home, &["rm", &name])?.status.code() == Some(125), "it was removed while it runs");
        well(home, &["exec", &name, "touch", "/tmp/end"])?;
        eventually("its end is known", || Ok(state(home, &name)?.starts_with("Exited (3) sh -c echo out;")))?;
        ensure!(!well(home, &["ps"])?.contains(&name));
        let logs = run(home, &["logs", &name])?;
        ensure!(logs.stdout == b"out\nrest" && logs.stderr == b"err\n", "{logs:?}");
        well(home, &["rm", &name])?;
        ensure!(state(home, &name)?.is_empty());
        eventually("no process is left", || Ok(observe::descendants(1) == before))?;
    }
    Ok(())
}

fn a_container_is_stopped_politely_or_killed() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let polite = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    for (lab, script, patience, expected) in [
        ("--no-lab", polite, "60", "Exited (7)"),
        ("--init", "sleep 99", "60", "Exited (143)"),
        ("--no-lab", "sleep 99", "0", "Exited (137)"),
    ] {
        let name = unique("stopped");
        well(home, &["run", "-d", "--name", &name, lab, "sh", "-c", script])?;
        let is_ready = || Ok(script != polite || well(home, &["logs", &name])?.starts_with("ready"));
        eventually("its handler is set", is_ready)?;
        let printed = well(home, &["stop", "-t", patience, &name])?;
        ensure!(printed == name && state(home, &name)?.starts_with(expected), "{lab}: {}", state(home, &name)?);
        well(home, &["rm", &name])?;
    }
    Ok(())
}

fn a_name_is_free_again_when_the_container_was_removed() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let name = unique("taken");
    let words = ["run", "-d", "--no-lab", "--name", &name, "true"];
    well(home, &words)?;
    eventually("it has ended", || Ok(state(home, &name)?.starts_with("Exited (0)")))?;
    let refused = run(home, &words)?;
    ensure!(refused.status.code() == Some(125) && stderr(&refused).contains(&format!("cure: mydocker rm {name}")));
    well(home, &["rm", &name])?;
    well(home, &words)?;
    // Also a process that is no container.
    let ours = std::process::id().to_string();
    for (verb, nobody) in [("rm", "nobody"), ("logs", "nobody"), ("stop", "nobody"), ("stop", &ours)] {
        let none = run(home, &[verb, nobody])?;
        ensure!(none.status.code() == Some(125) && stderr(&none).contains("mydocker ps"), "{verb}: {none:?}");
    }
    let evil = run(home, &["rm", "../images"])?;
    ensure!(evil.status.code() == Some(125) && home.join(".local/share/mydocker/images").is_dir(), "{evil:?}");
    Ok(())
}

fn a_container_that_cant_begin_says_why() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let too_long = format!("--hostname={}", "x".repeat(65));
    for (option, command, code, why) in [
        ("--no-lab", "no-such-command", 127, "no-such-command: not found"),
        ("--init", "no-such-command", 127, "no-such-command: not found"),
        (&too_long, "true", 125, "EINVAL"),
    ] {
        let name = unique("never");
        let output = run(home, &["run", "-d", "--name", &name, option, command])?;
        // Before its command is looked for, it may be seen running.
        let told = output.status.code() == Some(code) && stderr(&output).contains(why);
        let begun = output.status.success() && stdout(&output) == name;
        ensure!(told || begun && code == 127, "{option}: {output:?}");
        eventually("its end is known", || Ok(state(home, &name)?.starts_with(&format!("Exited ({code})"))))?;
        well(home, &["rm", &name])?;
    }
    Ok(())
}

fn who_follows_a_log_sees_all_of_it_and_its_end() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let name = unique("followed");
    let script = "for n in $(seq 300); do echo line $n; [ $n != 150 ] || sleep 0.3; done";
    well(home, &["run", "-d", "--no-lab", "--name", &name, "sh", "-c", script])?;
    let output = run(home, &["logs", "-f", &name])?;
    let expected: String = (1..=300).map(|number| format!("line {number}\n")).collect();
    ensure!(output.status.success() && output.stdout == expected.as_bytes(), "{output:?}");
    Ok(())
}

fn an_image_runs_in_the_background_and_its_files_are_removed() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let name = unique("image");
    let script = "echo changed >/srv/file; echo done";
    well(home, &["run", "-d", "--image", "hostbox", "--name", &name, "sh", "-c", script])?;
    eventually("it has ended", || Ok(state(home, &name)?.starts_with("Exited (0)")))?;
    ensure!(well(home, &["logs", &name])? == "done");
    ensure!(well(home, &["diff", &name])?.contains("A /srv/file"), "{}", well(home, &["diff", &name])?);
    well(home, &["rm", &name])?;
    let store = home.join(".local/share/mydocker");
    ensure!(!store.join("containers").join(&name).exists() && !store.join("records").join(&name).exists());
    Ok(())
}
