//! `--explain`: every step of the command line, the shim and the container; and `kill -9` at each.

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use testkit::{Case, Narrated, cases, eventually};

use crate::world::{
    STORE, detached, expect_nothing_left, fails, format_output, inspect, program, seed, shim_of, state, succeeds,
};

pub fn cases() -> Vec<Case> {
    cases![
        steps_of_all_three_processes_are_told_in_order,
        start_and_exec_tell_their_steps_too,
        a_run_that_fails_tells_its_steps_up_to_there,
        a_command_line_killed_at_any_step_leaves_nothing_that_cannot_be_removed,
        a_shim_killed_at_any_step_is_known_and_leaves_nothing,
    ]
    .into_iter()
    .map(|case| case.time_limit(std::time::Duration::from_secs(600)))
    .collect()
}

/// Lane, call and first argument.
fn told(line: &str) -> Result<(String, String)> {
    let step: Value = serde_json::from_str(line).with_context(|| format!("no step: {line}"))?;
    for part in ["why", "book"] {
        ensure!(step[part].as_str().is_some_and(|text| !text.is_empty()), "{part} is missing: {line}");
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    Ok((text(&step["lane"]), format!("{}({})", text(&step["call"]), text(&step["args"][0]))))
}

/// That steps come in this order, others between them.
fn in_order(steps: &[String], expected: &[(&str, &str)]) -> Result<()> {
    let mut steps = steps.iter().map(|line| told(line)).collect::<Result<Vec<_>>>()?.into_iter();
    for (lane, call) in expected {
        let found = steps.any(|(by, made)| by == *lane && made.starts_with(call));
        ensure!(found, "{lane} {call} is missing, or too early");
    }
    Ok(())
}

const MAKING: [(&str, &str); 9] = [
    ("shim", "fork("),
    ("shim", "setsid("),
    ("shim", "listen("),
    ("shim", "pipe2("),
    ("shim", "clone3("),
    ("container", "pivot_root("),
    ("container", "sethostname("),
    ("shim", "open("),
    ("shim", "sendmsg(DONE"),
];

const STARTING: [(&str, &str); 4] =
    [("host", "sendmsg(START"), ("container", "capset("), ("container", "execve("), ("shim", "rename(")];

fn steps_of_all_three_processes_are_told_in_order() -> Result<()> {
    let before = [("host", "rename("), ("host", "mkdir("), ("host", "execve(")];
    let attach = [("host", "sendmsg(ATTACH")];
    let run = |flags: &[&str]| -> Result<Vec<String>> {
        let output = program(&[&["run", "--explain=json"], flags, &["hostbox", "echo", "said"]].concat()).output()?;
        ensure!(output.status.success(), "{}", format_output(&output));
        let out = String::from_utf8_lossy(&output.stdout);
        ensure!(out == "said\n" || (flags.contains(&"-d") && out.trim_end().len() == 64), "{out}");
        Ok(String::from_utf8_lossy(&output.stderr).lines().map(String::from).collect())
    };
    in_order(&run(&["--rm"])?, &[&before[..], &MAKING, &attach, &STARTING].concat())?;
    in_order(&run(&["-d"])?, &[&before[..], &MAKING, &STARTING].concat())?;
    // For people, in three columns; and without being asked nothing at all.
    let text = program(&["run", "--rm", "--explain", "hostbox", "true"]).output()?;
    let text = String::from_utf8_lossy(&text.stderr).into_owned();
    for line in ["host      execve(", "shim        clone3(", "container     pivot_root(", "book: 6.2 The shim"] {
        ensure!(text.contains(line), "{line:?} is missing in {text}");
    }
    let output = program(&["run", "--rm", "hostbox", "true"]).output()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{}", format_output(&output));
    Ok(())
}

fn start_and_exec_tell_their_steps_too() -> Result<()> {
    succeeds(&["create", "--name", "boat", "hostbox", "sleep", "1000"])?;
    let lines = |args: &[&str]| -> Result<Vec<String>> {
        let output = program(args).output()?;
        ensure!(output.status.success(), "{args:?}: {}", format_output(&output));
        Ok(String::from_utf8_lossy(&output.stderr).lines().map(String::from).collect())
    };
    in_order(
        &lines(&["start", "--explain=json", "boat"])?,
        &[&[("host", "execve(")], &MAKING[..], &STARTING].concat(),
    )?;
    let exec = lines(&["exec", "--explain=json", "boat", "true"])?;
    let joins = [("shim", "pipe2("), ("container", "capset("), ("container", "execve(")];
    in_order(&exec, &joins)?;
    ensure!(exec.iter().any(|line| line.contains("setns")), "{exec:#?}");
    ensure!(lines(&["exec", "boat", "true"])?.is_empty(), "the shim goes on narrating");
    Ok(())
}

fn a_run_that_fails_tells_its_steps_up_to_there() -> Result<()> {
    let said = fails(&["run", "--rm", "--explain", "hostbox", "no-such-program"], 127)?;
    ensure!(said.contains("container     capset(") && said.contains("command not found in PATH"), "{said}");
    let said = fails(&["run", "--rm", "--explain", "-w", "/etc/passwd", "hostbox", "true"], 125)?;
    ensure!(said.contains("container     pivot_root(") && !said.contains("sendmsg(DONE"), "{said}");
    expect_nothing_left()
}

/// With `all` it kills at each step, which takes minutes.
const STEPS: &str = "CORACLE_STEPS";

/// How many runs it takes, without that, until each step had its turn.
const TURNS: u64 = 16;

/// The steps that this chapter adds, and of the others (the masks are a loop) a share that another
/// seed makes another one: each takes a container of its own.
fn chosen(steps: &[String]) -> Vec<usize> {
    if std::env::var(STEPS).is_ok_and(|which| which == "all") {
        return (0..steps.len()).collect();
    }
    let turn = seed() % TURNS;
    let is_chosen = |index: &usize| {
        let line = &steps[*index];
        let is_ours = line.contains("\"book\":\"6.") && !line.contains("6.9 Masked");
        is_ours || *index as u64 % TURNS == turn
    };
    (0..steps.len()).filter(is_chosen).collect()
}

fn run() -> Result<Narrated> {
    let command = ["run", "--explain=json", "--name", "victim", "--network", "none", "hostbox", "sleep", "1000"];
    Narrated::from_command(program(&command))
}

/// The steps of such a run. Then it is over.
fn steps() -> Result<Vec<String>> {
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    let mut run = run()?;
    let mut steps = Vec::new();
    // The last one of all.
    while !steps.last().is_some_and(|line: &String| line.contains("rename") && line.contains("\"shim\"")) {
        steps.push(run.next_step()?.context("it ended early")?);
    }
    run.kill()?;
    succeeds(&["rm", "-f", "victim"])?;
    expect_nothing_left()?;
    Ok(steps)
}

fn a_command_line_killed_at_any_step_leaves_nothing_that_cannot_be_removed() -> Result<()> {
    let steps = steps()?;
    let chosen = chosen(&steps);
    ensure!(chosen.len() >= 20, "{} steps: the test proves nothing", chosen.len());
    let mut found = std::collections::BTreeSet::new();
    for index in chosen {
        let at = || format!("killed at {index}: {}", steps[index]);
        run()?.killed_after(index)?;
        // Its record is the first of all steps.
        let listed = succeeds(&["ps", "-a", "--format", "{{.Names}} {{.State}}"]).with_context(at)?;
        ensure!(["victim created", "victim running"].contains(&listed.as_str()), "{}: {listed}", at());
        found.insert(listed.clone());
        // The shim sees at its next step that nobody waits for it.
        succeeds(&["rm", "-f", "victim"]).with_context(at)?;
        expect_nothing_left().with_context(at)?;
    }
    ensure!(found.len() == 2, "killed before its start and after: {found:?}");
    Ok(())
}

fn a_shim_killed_at_any_step_is_known_and_leaves_nothing() -> Result<()> {
    let steps = steps()?;
    let first = steps.iter().position(|line| line.contains("\"shim\"")).context("no step of a shim")?;
    let mut ends = std::collections::BTreeSet::new();
    for index in chosen(&steps).into_iter().filter(|index| *index >= first) {
        let at = || format!("killed at {index}: {}", steps[index]);
        let mut narrated = run()?;
        narrated.until(index)?;
        let id = inspect("victim", "{{.Id}}").with_context(at)?;
        let pid: i32 = inspect("victim", "{{.State.Pid}}").with_context(at)?.parse()?;
        let mut shim = shim_of(&id);
        // Between its first process and its second.
        eventually("there is a shim", || {
            shim = shim_of(&id);
            Ok(shim.is_ok())
        })?;
        kill(Pid::from_raw(shim?), Signal::SIGKILL)?;
        let (said, status) = narrated.rest()?;
        ensure!(!said.contains("panicked"), "{}: {said}", at());
        let code = status.code().unwrap_or_default();
        let is_told = said.contains("the container's shim") || said.contains("is not running");
        ensure!(code == 137 || (code == 125 && is_told), "{}: {code}: {said}", at());
        ends.insert(code);
        // The kernel closes a killed shim's connection before its lock.
        let states = ["created 125", "created 137", "created 0", "exited 137"];
        eventually("its end is known", || Ok(states.contains(&state("victim")?.as_str()))).with_context(at)?;
        // Its parent's death has killed it; it may need a moment to end.
        eventually("the container ends, too", || Ok(pid == 0 || !lab::observe::process_exists(pid)))
            .with_context(at)?;
        // The next command finds what is left: here the next start.
        succeeds(&["start", "victim"]).with_context(at)?;
        ensure!(state("victim")? == "running 0", "{}", at());
        succeeds(&["rm", "-f", "victim"]).with_context(at)?;
        expect_nothing_left().with_context(at)?;
    }
    ensure!(ends.len() == 2, "killed before and after its start: {ends:?}");
    // Nothing that the list of what is left doesn't know.
    ensure!(std::fs::read_dir(format!("{STORE}/shims"))?.next().is_none());
    detached("boat", &[], "sleep 1000").map(drop)
}
