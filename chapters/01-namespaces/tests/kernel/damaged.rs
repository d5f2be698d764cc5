//! Damaged input on disk: nothing panics, and `rm --force` ends in "gone", or says what helps.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{Case, cases, eventually, needs, run_to_end};

use crate::running::{self, Running};

pub fn cases() -> Vec<Case> {
    cases![
        a_damaged_state_bars_nothing_and_can_be_removed,
        a_state_that_is_not_its_directories_own_is_damaged_and_panics_nobody,
        a_run_whose_state_is_damaged_is_ended_by_force,
        what_can_not_even_be_opened_bars_no_run,
        a_damaged_line_in_the_journal_bars_no_removal_by_force,
        a_file_of_somebodys_stays_and_the_container_keeps_its_name,
    ]
}

/// Makes a container that waits at its gate, and gives its id and its state directory.
fn created(name: &str) -> Result<(String, String)> {
    let created = running::program().args(["create", "--name", name, "--", "sleep", "60"]).output()?;
    let id = String::from_utf8(created.stdout)?.trim().to_string();
    let directory = format!("{}/{id}", running::STORE);
    Ok((id, directory))
}

fn a_damaged_state_bars_nothing_and_can_be_removed() -> Result<()> {
    let created = running::program().args(["create", "--", "true"]).output()?;
    let id = String::from_utf8(created.stdout)?.trim().to_string();
    let state = format!("{}/{id}/state.json", running::STORE);
    let pid = serde_json::from_slice::<serde_json::Value>(&fs::read(&state)?)?["pid"].as_i64().context("no pid")?;
    fs::write(&state, "{\"id\":")?;
    ensure!(running::run(&[], "true").status()?.success(), "run is barred");
    let ps = running::program().arg("ps").output()?;
    ensure!(String::from_utf8_lossy(&ps.stdout).contains("unknown"), "{ps:?}");
    ensure!(running::program().args(["rm", &id]).output()?.status.code() == Some(125), "removed without a question");
    ensure!(running::program().args(["rm", "--force", &id]).status()?.success());
    ensure!(!lab::observe::process_exists(pid as i32), "its process still waits at the gate");
    running::expect_empty_store()
}

fn a_state_that_is_not_its_directories_own_is_damaged_and_panics_nobody() -> Result<()> {
    let (id, directory) = created("box")?;
    let state = format!("{directory}/state.json");
    let good = fs::read_to_string(&state)?;
    for bad in [
        good.replace(&id, "abc"),
        good.replace(&id, "../../../tmp"),
        good.replace("\"box\"", "\"\\u001b[2J\""),
        "[]".into(),
        String::new(),
    ] {
        fs::write(&state, bad)?;
        let ps = running::program().arg("ps").output()?;
        let rows = String::from_utf8_lossy(&ps.stdout);
        ensure!(ps.status.success() && rows.contains("unknown") && !rows.contains('\x1b'), "{ps:?}");
        ensure!(running::run(&[], "true").status()?.success(), "run is barred");
    }
    let removed = running::program().args(["rm", "--force", &id]).output()?;
    ensure!(removed.status.success(), "{removed:?}");
    running::expect_empty_store()
}

fn a_run_whose_state_is_damaged_is_ended_by_force() -> Result<()> {
    let mut box_ = Running::start(&["--name", "box"], "")?;
    let ps = running::program().args(["ps", "--quiet"]).output()?;
    let id = String::from_utf8(ps.stdout)?.trim().to_string();
    let directories = fs::read_dir(running::STORE)?.flatten().map(|entry| entry.path());
    let directory = directories.into_iter().find(|path| path.is_dir()).context("no directory")?;
    fs::write(directory.join("state.json"), "{")?;
    let mut rm = running::program();
    rm.args(["rm", "--force", &id]);
    let rm = run_to_end(rm, Duration::from_secs(15))?;
    ensure!(rm.status.success(), "{rm:?}");
    ensure!(box_.wait()?.code() == Some(137), "it was not ended");
    running::expect_empty_store()
}

fn what_can_not_even_be_opened_bars_no_run() -> Result<()> {
    needs::ordinary_user()?;
    let (id, directory) = created("box")?;
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o000))?;
    ensure!(running::run(&[], "true").status()?.success(), "run is barred");
    let refused = running::program().args(["rm", "--force", &id]).output()?;
    let said = String::from_utf8_lossy(&refused.stderr);
    ensure!(!refused.status.success() && said.contains("cure: chmod 700"), "{said}");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700))?;
    ensure!(running::program().args(["rm", "--force", &id]).status()?.success());
    running::expect_empty_store()
}

fn a_damaged_line_in_the_journal_bars_no_removal_by_force() -> Result<()> {
    let (id, directory) = created("box")?;
    fs::create_dir("/tmp/made")?;
    let journal = format!("{directory}/undo.jsonl");
    let good = fs::read_to_string(&journal)?;
    fs::write(&journal, format!("{{\"remove_directory\":\"/tmp/made\"}}\n{{\"remo\n\0\n{good}"))?;
    // Whoever doesn't force it is told what to do.
    let pid =
        serde_json::from_slice::<serde_json::Value>(&fs::read(format!("{directory}/state.json"))?)?["pid"].as_i64();
    kill(Pid::from_raw(pid.context("no pid")? as i32), Signal::SIGKILL)?;
    let mut said = String::new();
    eventually("it has ended", || {
        let refused = running::program().args(["rm", "box"]).output()?;
        said = String::from_utf8_lossy(&refused.stderr).into_owned();
        Ok(!said.contains("is alive"))
    })?;
    ensure!(said.contains("line 2") && said.contains("cure: rm --force"), "{said}");
    let forced = running::program().args(["rm", "--force", &id]).output()?;
    let said = String::from_utf8_lossy(&forced.stderr);
    ensure!(forced.status.success() && said.contains("was not undone"), "{said}");
    ensure!(!fs::exists("/tmp/made")?, "the line before the damaged one was not undone");
    running::expect_empty_store()
}

fn a_file_of_somebodys_stays_and_the_container_keeps_its_name() -> Result<()> {
    let (_, directory) = created("box")?;
    let notes = format!("{directory}/notes");
    fs::write(&notes, "mine")?;
    for _ in 0..2 {
        let refused = running::program().args(["rm", "--force", "box"]).output()?;
        let said = String::from_utf8_lossy(&refused.stderr);
        ensure!(!refused.status.success() && said.contains(&notes) && said.contains("cure: move it"), "{said}");
    }
    // Also where the state is gone, as after a crash of an older version: the id still names it.
    fs::remove_file(format!("{directory}/state.json"))?;
    fs::rename(&notes, "/tmp/notes")?;
    let id = directory.rsplit('/').next().context("no id")?;
    ensure!(running::program().args(["rm", "--force", id]).status()?.success());
    running::expect_empty_store()
}
