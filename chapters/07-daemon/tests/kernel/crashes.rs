//! kill -9 of the daemon, and a new one.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{Case, cases, eventually};

use crate::http::{ask, frame, json as request, upgraded};
use crate::world::{Daemon, act, inspect, run, wait};

pub fn cases() -> Vec<Case> {
    cases![
        attached_clients_and_execs_go_on_while_the_daemon_is_killed_and_started,
        execs_and_their_statuses_are_found_again_by_another_daemon,
        a_container_that_ends_while_there_is_no_daemon_is_found_with_its_status,
        killed_under_load_everything_is_found_again,
    ]
}

fn attached_clients_and_execs_go_on_while_the_daemon_is_killed_and_started() -> Result<()> {
    let daemon = Daemon::start()?;
    let echo = "while read line; do echo got $line; done";
    let id = run("stays", echo, json!({"OpenStdin": true}))?;
    let mut attached = upgraded(&format!("/v1.43/containers/{id}/attach?stream=1&stdin=1&stdout=1"), &Value::Null)?;
    let asked = json!({"Cmd": ["sh", "-c", echo], "AttachStdin": true, "AttachStdout": true});
    let made = request(&format!("POST /v1.43/containers/{id}/exec"), &asked, 201)?;
    let mut exec = upgraded(&format!("/v1.43/exec/{}/start", made["Id"].as_str().context("no id")?), &json!({}))?;
    let mut answer = |number: u32| -> Result<()> {
        for client in [&mut attached, &mut exec] {
            client.write_all(format!("{number}\n").as_bytes())?;
            let heard = frame(client)?;
            ensure!(heard == Some((1, format!("got {number}\n").into_bytes())), "{heard:?}");
        }
        Ok(())
    };
    answer(1)?;
    let pid = inspect(&id)?["State"]["Pid"].clone();
    daemon.kill()?;
    answer(2)?;
    let _daemon = Daemon::start()?;
    answer(3)?;
    ensure!(inspect(&id)?["State"]["Pid"] == pid, "it is another process");
    act("DELETE", &format!("{id}?force=1"))
}

/// A command in a container: its id, and its connection.
fn exec(container: &str, script: &str) -> Result<(String, UnixStream)> {
    let asked = json!({"Cmd": ["sh", "-c", script], "AttachStdin": true, "AttachStdout": true});
    let made = request(&format!("POST /v1.43/containers/{container}/exec"), &asked, 201)?;
    let id = made["Id"].as_str().context("no id")?.to_string();
    let stream = upgraded(&format!("/v1.43/exec/{id}/start"), &json!({}))?;
    Ok((id, stream))
}

fn execs_and_their_statuses_are_found_again_by_another_daemon() -> Result<()> {
    let daemon = Daemon::start()?;
    let id = run("stays", "sleep 600", Value::Null)?;
    let state = |exec: &str| -> Result<(Value, Value)> {
        let found = request(&format!("GET /v1.43/exec/{exec}/json"), &Value::Null, 200)?;
        ensure!(found["ContainerID"] == id.as_str() && found["ProcessConfig"]["entrypoint"] == "sh", "{found}");
        Ok((found["Running"].clone(), found["ExitCode"].clone()))
    };
    let (ended, mut stream) = exec(&id, "exit 3")?;
    ensure!(frame(&mut stream)?.is_none());
    let (missed, mut stream) = exec(&id, "echo begun; read line; exit 4")?;
    ensure!(frame(&mut stream)?.is_some());
    let (runs, mut still) = exec(&id, "echo begun; read line; exit 5")?;
    ensure!(frame(&mut still)?.is_some());
    let asked = json!({"Cmd": ["sh", "-c", "exit 6"]});
    let noted = request(&format!("POST /v1.43/containers/{id}/exec"), &asked, 201)?;
    let noted = noted["Id"].as_str().context("no id")?.to_string();
    daemon.kill()?;
    stream.write_all(b"end\n")?;
    ensure!(frame(&mut stream)?.is_none(), "the command has not ended");
    let daemon = Daemon::start()?;
    ensure!(state(&ended)? == (json!(false), json!(3)), "{:?}", state(&ended)?);
    ensure!(state(&missed)? == (json!(false), json!(4)), "{:?}", state(&missed)?);
    ensure!(state(&runs)? == (json!(true), Value::Null), "{:?}", state(&runs)?);
    // One that was only noted can be started; one that was started, never again.
    ensure!(state(&noted)? == (json!(false), Value::Null), "{:?}", state(&noted)?);
    request(&format!("POST /v1.43/exec/{noted}/start"), &json!({"Detach": true}), 200)?;
    eventually("it has ended", || Ok(state(&noted)? == (json!(false), json!(6))))?;
    request(&format!("POST /v1.43/exec/{runs}/start"), &json!({}), 409)?;
    still.write_all(b"end\n")?;
    ensure!(frame(&mut still)?.is_none());
    ensure!(state(&runs)? == (json!(false), json!(5)), "{:?}", state(&runs)?);
    // Nor does the container's end change how its commands ended.
    act("POST", &format!("{id}/kill"))?;
    wait(&id)?;
    daemon.kill()?;
    let _daemon = Daemon::start()?;
    ensure!(state(&missed)? == (json!(false), json!(4)), "{:?}", state(&missed)?);
    act("DELETE", &id)
}

fn a_container_that_ends_while_there_is_no_daemon_is_found_with_its_status() -> Result<()> {
    let daemon = Daemon::start()?;
    std::fs::create_dir("/tmp/signals")?;
    let host = json!({"HostConfig": {"NetworkMode": "none", "Binds": ["/tmp/signals:/signals"]}});
    let id = run("ends", "while [ ! -e /signals/end ]; do sleep 0.05; done; exit 6", host)?;
    let pid = inspect(&id)?["State"]["Pid"].as_i64().context("no pid")?;
    daemon.kill()?;
    std::fs::write("/tmp/signals/end", "")?;
    eventually("the container ends", || Ok(!std::fs::exists(format!("/proc/{pid}"))?))?;
    let _daemon = Daemon::start()?;
    ensure!(wait(&id)? == 6);
    ensure!(inspect(&id)?["State"]["Status"] == "exited");
    act("DELETE", &id)
}

fn killed_under_load_everything_is_found_again() -> Result<()> {
    let given = std::env::var("CORACLE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 7));
    (0..3).try_for_each(|round| {
        let seed = seed ^ round;
        one_kill(seed).with_context(|| format!("again with CORACLE_SEED={seed}, though the kernel decides, too"))
    })
}

fn one_kill(seed: u64) -> Result<()> {
    let daemon = Daemon::start()?;
    let is_over = AtomicBool::new(false);
    let is_over = &is_over;
    std::thread::scope(|scope| {
        for client in 0..8 {
            scope.spawn(move || make_load(seed.wrapping_add(client), client, is_over));
        }
        std::thread::sleep(Duration::from_millis(200 + seed % 1000));
        let killed = daemon.kill();
        is_over.store(true, Ordering::Relaxed);
        killed
    })?;
    let _daemon = Daemon::start()?;
    let list = request("GET /v1.43/containers/json?all=1", &Value::Null, 200)?;
    for row in list.as_array().context("no list")? {
        let id = row["Id"].as_str().context("no id")?;
        let state = &inspect(id)?["State"];
        let lives = state["Pid"]
            .as_i64()
            .is_some_and(|pid| pid > 0 && std::fs::exists(format!("/proc/{pid}")).is_ok_and(|found| found));
        ensure!(state["Running"] == lives, "{id} is said to be {state}");
        act("DELETE", &format!("{id}?force=1"))?;
    }
    let list = request("GET /v1.43/containers/json?all=1", &Value::Null, 200)?;
    ensure!(list == json!([]), "{list}");
    // Nothing of them is left: no shim, no life, no record, no layer.
    eventually("no shim is left", || Ok(shims()? == 0))?;
    for directory in ["/tmp/store/data/containers", "/tmp/store/data/overlay2/l"] {
        let left = entries(directory)?;
        let lives: Vec<&String> = left.iter().filter(|name| name.len() == 64).collect();
        ensure!(lives.is_empty(), "{directory}: {lives:?}");
    }
    let lives: Vec<String> = entries("/tmp/store")?.into_iter().filter(|name| name.len() == 64).collect();
    ensure!(lives.is_empty(), "{lives:?}");
    Ok(())
}

/// What a client does all day; errors are those of a daemon that was killed.
fn make_load(mut random: u64, client: u64, is_over: &AtomicBool) {
    for number in 0.. {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let script = ["true", "sleep 600", "exit 3"][(random >> 33) as usize % 3];
        let Ok(id) = run(&format!("load-{client}-{number}"), script, Value::Null) else { continue };
        let (method, path) = [
            ("POST", format!("{id}/kill")),
            ("DELETE", format!("{id}?force=1")),
            ("POST", format!("{id}/restart?t=0")),
            ("GET", format!("{id}/json")),
        ][(random >> 40) as usize % 4]
            .clone();
        let _ = ask(&format!("{method} /v1.43/containers/{path}"), &[]);
    }
}

/// How many shims there are in this lab. (A user's networks have a process of ours, which stays.)
fn shims() -> Result<usize> {
    let pids = entries("/proc")?.into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let lines = pids.filter_map(|pid| std::fs::read(format!("/proc/{pid}/cmdline")).ok());
    Ok(lines.filter(|line| line.split(|byte| *byte == 0).any(|word| word == b"shim")).count())
}

fn entries(directory: &str) -> Result<Vec<String>> {
    if !std::fs::exists(directory)? {
        return Ok(Vec::new());
    }
    std::fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
