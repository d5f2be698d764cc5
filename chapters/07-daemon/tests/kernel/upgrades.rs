//! Connections that are to become streams, and don't.

use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{Case, cases};

use crate::http::{ask, connect, frame, head, opened, status, upgraded};
use crate::world::{Daemon, act, create, inspect, program, run, wait};

pub fn cases() -> Vec<Case> {
    cases![
        an_upgrade_that_never_finishes_holds_up_no_start,
        a_client_that_attaches_and_vanishes_before_the_start_is_forgotten,
        clients_of_a_container_that_is_removed_before_its_start_are_let_go,
        clients_of_a_container_that_another_process_removes_are_let_go,
        an_exec_that_cannot_be_started_says_so_in_the_stream,
        what_is_attached_to_a_start_that_fails_is_let_go,
        detach_keys_end_a_terminals_connection_and_not_its_command,
    ]
}

fn an_upgrade_that_never_finishes_holds_up_no_start() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let id = create("starts", "echo started", Value::Null)?;
    // It asks, and doesn't even read the answer.
    let mut stuck = Vec::new();
    for _ in 0..10 {
        let mut stream = connect()?;
        let path = format!("/v1.43/containers/{id}/attach?stream=1&stdout=1");
        // The body that it promises never comes.
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 9\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stuck.push(stream);
    }
    act("POST", &format!("{id}/start"))?;
    ensure!(wait(&id)? == 0);
    drop(stuck);
    daemon.is_back_to(before)
}

fn a_client_that_attaches_and_vanishes_before_the_start_is_forgotten() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let id = create("starts", "read line; echo got $line", json!({"OpenStdin": true}))?;
    let path = format!("/v1.43/containers/{id}/attach?stream=1&stdin=1&stdout=1");
    for _ in 0..10 {
        drop(upgraded(&path, &Value::Null)?);
    }
    let mut stays = upgraded(&path, &Value::Null)?;
    act("POST", &format!("{id}/start"))?;
    stays.write_all(b"it\n")?;
    ensure!(frame(&mut stays)? == Some((1, b"got it\n".to_vec())));
    ensure!(wait(&id)? == 0);
    drop(stays);
    daemon.is_back_to(before)
}

fn clients_of_a_container_that_is_removed_before_its_start_are_let_go() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    for request in ["DELETE /v1.43/containers/waited-for", "POST /v1.43/containers/prune"] {
        let id = create("waited-for", "true", Value::Null)?;
        let path = format!("/v1.43/containers/{id}/attach?stream=1&stdout=1");
        for _ in 0..10 {
            drop(upgraded(&path, &Value::Null)?);
        }
        let mut stays = upgraded(&path, &Value::Null)?;
        ensure!(status(&ask(request, &[])?)? < 300);
        ensure!(frame(&mut stays)?.is_none(), "{request}: the client is still attached");
        drop(stays);
        daemon.is_back_to(before)?;
    }
    Ok(())
}

fn clients_of_a_container_that_another_process_removes_are_let_go() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let id = create("waited-for", "true", Value::Null)?;
    let mut attached = upgraded(&format!("/v1.43/containers/{id}/attach?stream=1&stdout=1"), &Value::Null)?;
    let mut waiting = opened(&format!("POST /v1.43/containers/{id}/wait?condition=next-exit"))?;
    ensure!(head(&mut waiting)?.starts_with("HTTP/1.1 200"));
    // The command line, without the daemon.
    let removed = program(&["rm", "waited-for"]).output()?;
    ensure!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    ensure!(frame(&mut attached)?.is_none(), "the client is still attached");
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).context("the client still waits")?;
    drop((attached, waiting));
    daemon.is_back_to(before)
}

fn an_exec_that_cannot_be_started_says_so_in_the_stream() -> Result<()> {
    let daemon = Daemon::start()?;
    let id = run("runs", "sleep 600", Value::Null)?;
    let before = daemon.descriptors()?;
    let asked = json!({"Cmd": ["no-such-command"], "AttachStdout": true});
    let made = crate::http::json(&format!("POST /v1.43/containers/{id}/exec"), &asked, 201)?;
    let exec = made["Id"].as_str().unwrap_or_default();
    let mut stream = upgraded(&format!("/v1.43/exec/{exec}/start"), &json!({}))?;
    let said = crate::http::stdout_to_the_end(&mut stream)?;
    ensure!(said.contains("executable file not found"), "{said}");
    let state = crate::http::json(&format!("GET /v1.43/exec/{exec}/json"), &Value::Null, 200)?;
    ensure!(state["ExitCode"] == 127, "{state}");
    // Once started, never again.
    ensure!(status(&ask(&format!("POST /v1.43/exec/{exec}/start"), b"{}")?)? == 409);
    drop(stream);
    daemon.is_back_to(before)?;
    act("DELETE", &format!("{id}?force=1"))
}

fn what_is_attached_to_a_start_that_fails_is_let_go() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let body = json!({"Cmd": ["no-such-command"], "HostConfig": {"AutoRemove": true, "NetworkMode": "none"}});
    let id = create("fails", "", body)?;
    let mut client = upgraded(&format!("/v1.43/containers/{id}/attach?stream=1&stdout=1"), &Value::Null)?;
    let answer = ask(&format!("POST /v1.43/containers/{id}/start"), &[])?;
    ensure!(status(&answer)? == 400, "{answer}");
    ensure!(frame(&mut client)?.is_none(), "the client is still attached");
    drop(client);
    // --rm: a container whose start fails is removed, too.
    ensure!(status(&ask(&format!("GET /v1.43/containers/{id}/json"), &[])?)? == 404);
    daemon.is_back_to(before)
}

fn detach_keys_end_a_terminals_connection_and_not_its_command() -> Result<()> {
    let _daemon = Daemon::start()?;
    let script = "stty -echo -icanon; while read line; do echo got $line; done";
    let id = run("boat", script, json!({"Tty": true, "OpenStdin": true}))?;
    let made = |keys: &str| {
        let asked = json!({"Cmd": ["sh", "-c", script], "Tty": true, "AttachStdin": true, "DetachKeys": keys});
        crate::http::json(&format!("POST /v1.43/containers/{id}/exec"), &asked, 201)
    };
    // Ctrl-P Ctrl-Q, or the keys that the client names: `keys` end it, `others` don't.
    for (query, keys, others) in [("", "\x10\x11", "\x18"), ("ctrl-x", "\x18", "\x10\x11")] {
        let attach = format!("/v1.43/containers/{id}/attach?stream=1&stdin=1&stdout=1&detachKeys={query}");
        let exec = made(query)?["Id"].as_str().unwrap_or_default().to_string();
        for (path, body) in [(attach, Value::Null), (format!("/v1.43/exec/{exec}/start"), json!({"Tty": true}))] {
            let mut stream = upgraded(&path, &body)?;
            stream.write_all(format!("{others}it\n").as_bytes())?;
            let mut seen = String::new();
            while !seen.contains("got") {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                seen.push(byte[0].into());
            }
            stream.write_all(keys.as_bytes())?;
            // The end of the stream: nothing else closes it.
            stream.read_to_end(&mut Vec::new())?;
            ensure!(inspect(&id)?["State"]["Running"] == true, "{path}");
        }
        let state = crate::http::json(&format!("GET /v1.43/exec/{exec}/json"), &Value::Null, 200)?;
        ensure!(state["Running"] == true, "{state}");
    }
    let answer = ask(&format!("POST /v1.43/containers/{id}/attach?stream=1&detachKeys=ctrl-1"), &[])?;
    ensure!(status(&answer)? == 400 && answer.contains("is not a key"), "{answer}");
    let asked = serde_json::to_vec(&json!({"Cmd": ["sh"], "DetachKeys": "ctrl-1"}))?;
    let answer = ask(&format!("POST /v1.43/containers/{id}/exec"), &asked)?;
    ensure!(status(&answer)? == 400 && answer.contains("is not a key"), "{answer}");
    act("DELETE", &format!("{id}?force=1"))
}
