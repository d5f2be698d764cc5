//! What others do to the daemon: shims that stand still, and many lives.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use testkit::{Case, cases, patiently};

use crate::http::{json as request, opened, stdout_to_the_end, upgraded};
use crate::world::{Daemon, act, inspect, is_up, run, wait};

pub fn cases() -> Vec<Case> {
    cases![a_shim_that_stands_still_keeps_nobody_else_waiting, many_lives_leave_memory_and_descriptors_as_they_were,]
}

/// The parent of a container's first process.
fn shim_of(id: &str) -> Result<Pid> {
    let pid = inspect(id)?["State"]["Pid"].as_u64().context("no pid")?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)).context("no parent")?;
    Ok(Pid::from_raw(parent.parse()?))
}

fn exec(container: &str, script: &str) -> Result<String> {
    let asked = json!({"Cmd": ["sh", "-c", script], "AttachStdout": true});
    let made = request(&format!("POST /v1.43/containers/{container}/exec"), &asked, 201)?;
    let path = format!("/v1.43/exec/{}/start", made["Id"].as_str().context("no id")?);
    stdout_to_the_end(&mut upgraded(&path, &json!({}))?)
}

fn a_shim_that_stands_still_keeps_nobody_else_waiting() -> Result<()> {
    testkit::needs::open_files(4096)?;
    let daemon = Daemon::start()?;
    let (stopped, other) = (run("stopped", "sleep 600", Value::Null)?, run("other", "sleep 600", Value::Null)?);
    let before = daemon.descriptors()?;
    let shim = shim_of(&stopped)?;
    kill(shim, Signal::SIGSTOP)?;
    // More than the shim's socket has places for, and more than the daemon has threads.
    let paths = ["resize?h=10&w=10", "kill?signal=WINCH", "stop?t=1", "wait", "attach?stream=1&stdout=1"];
    let open = |number: usize| opened(&format!("POST /v1.43/containers/{stopped}/{}", paths[number % paths.len()]));
    let mut asked = (0..1000).map(open).collect::<Result<Vec<_>>>()?;
    for number in 0..5 {
        ensure!(is_up());
        let list = request("GET /v1.43/containers/json", &Value::Null, 200)?;
        ensure!(list.as_array().is_some_and(|rows| rows.len() == 2), "{list}");
        ensure!(inspect(&other)?["State"]["Running"] == true && inspect(&stopped)?["State"]["Running"] == true);
        ensure!(exec(&other, "echo here")? == "here\n");
        ensure!(wait(&run(&format!("new-{number}"), "exit 3", Value::Null)?)? == 3);
    }
    let is_answered = |number: usize| number % paths.len() < 3;
    for (_, stream) in asked.iter_mut().enumerate().filter(|(number, _)| is_answered(*number)) {
        stream.set_read_timeout(Some(patiently(Duration::from_secs(60))))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("a request to the shim has no answer")?;
        ensure!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("has not answered"), "{answer}");
        ensure!(answer.contains("cure:"), "{answer}");
    }
    drop(asked);
    kill(shim, Signal::SIGCONT)?;
    ensure!(exec(&stopped, "echo again")? == "again\n");
    daemon.is_back_to(before)?;
    act("DELETE", &format!("{stopped}?force=1"))?;
    act("DELETE", &format!("{other}?force=1"))
}

fn many_lives_leave_memory_and_descriptors_as_they_were() -> Result<()> {
    let daemon = Daemon::start()?;
    let stays = run("stays", "sleep 600", Value::Null)?;
    let lives = |from: u32| {
        (from..from + 40).try_for_each(|number| {
            let removed = json!({"HostConfig": {"NetworkMode": "none", "AutoRemove": true}, "OpenStdin": true});
            let id = run(&format!("life-{number}"), "read line; exit 3", removed)?;
            ensure!(exec(&stays, "echo here")? == "here\n");
            drop(upgraded(&format!("/v1.43/containers/{id}/attach?stream=1&stdout=1"), &Value::Null)?);
            let mut waiting = opened(&format!("POST /v1.43/containers/{id}/wait?condition=removed"))?;
            act("POST", &format!("{id}/kill"))?;
            let mut answer = String::new();
            waiting.read_to_string(&mut answer)?;
            ensure!(answer.contains("{\"StatusCode\":137}"), "{answer}");
            Ok(())
        })
    };
    // The first ones fill what is kept for a while.
    lives(0)?;
    let (descriptors, memory) = (daemon.descriptors()?, daemon.memory()?);
    lives(40)?;
    lives(80)?;
    let grown = daemon.memory()?.saturating_sub(memory);
    ensure!(grown < 2 << 10, "80 lives have left {grown} kB in its memory");
    daemon.is_back_to(descriptors)?;
    act("DELETE", &format!("{stays}?force=1"))
}
