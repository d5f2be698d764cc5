//! Clients that are many, slow, or gone.

use std::io::{Read, Write};
use std::net::Shutdown;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{Case, cases, eventually};

use crate::http::{connect, frame, head, stdout_to_the_end, upgraded};
use crate::world::{Daemon, act, create, inspect, run, wait};

pub fn cases() -> Vec<Case> {
    cases![
        a_client_that_never_reads_stops_neither_the_container_nor_another_client,
        a_hundred_attached_clients_all_get_the_output_and_cost_the_daemon_nothing,
        clients_that_vanish_in_mid_stream_leave_nothing_open,
        a_log_that_nobody_reads_waits_without_filling_memory,
        who_waits_takes_no_processor_time,
        early_input_reaches_the_command,
        a_life_that_is_over_at_once_is_not_missed_by_who_waits_for_its_exit,
    ]
}

const STREAMS: &str = "stream=1&stdin=1&stdout=1&stderr=1";

fn a_client_that_never_reads_stops_neither_the_container_nor_another_client() -> Result<()> {
    let daemon = Daemon::start()?;
    let before = daemon.descriptors()?;
    let id = create("talks", "seq 1 400000", Value::Null)?;
    let asleep = upgraded(&format!("/v1.43/containers/{id}/attach?{STREAMS}"), &Value::Null)?;
    let mut awake = upgraded(&format!("/v1.43/containers/{id}/attach?{STREAMS}"), &Value::Null)?;
    let reader = std::thread::spawn(move || stdout_to_the_end(&mut awake));
    act("POST", &format!("{id}/start"))?;
    ensure!(wait(&id)? == 0);
    let text = reader.join().ok().context("the reader panicked")??;
    ensure!(text.len() == 2_688_895 && text.ends_with("\n400000\n"), "{} bytes", text.len());
    drop(asleep);
    daemon.is_back_to(before)
}

fn a_hundred_attached_clients_all_get_the_output_and_cost_the_daemon_nothing() -> Result<()> {
    testkit::needs::open_files(512)?;
    let daemon = Daemon::start()?;
    let id = run("choir", "read line; echo heard $line; read line", json!({"OpenStdin": true}))?;
    let before = daemon.descriptors()?;
    let path = format!("/v1.43/containers/{id}/attach?{STREAMS}");
    let mut clients = (0..100).map(|_| upgraded(&path, &Value::Null)).collect::<Result<Vec<_>>>()?;
    // Their connections are the shim's now.
    daemon.is_back_to(before)?;
    clients[99].write_all(b"something\n")?;
    for (number, client) in clients.iter_mut().enumerate() {
        let heard = frame(client).with_context(|| format!("client {number}"))?;
        ensure!(heard == Some((1, b"heard something\n".to_vec())), "client {number}: {heard:?}");
    }
    act("DELETE", &format!("{id}?force=1"))?;
    for client in &mut clients {
        ensure!(frame(client)?.is_none(), "the end isn't seen");
    }
    Ok(())
}

fn clients_that_vanish_in_mid_stream_leave_nothing_open() -> Result<()> {
    let daemon = Daemon::start()?;
    let id = run("talks", "while :; do echo line; sleep 0.01; done", Value::Null)?;
    let before = daemon.descriptors()?;
    let answers = [
        format!("GET /v1.43/containers/{id}/logs?stdout=1&follow=1"),
        format!("GET /v1.43/containers/{id}/stats?stream=1"),
        "GET /v1.43/events".to_string(),
        format!("POST /v1.43/containers/{id}/wait"),
        format!("GET /v1.43/containers/{id}/export"),
    ];
    for request in &answers {
        for _ in 0..5 {
            let mut stream = connect()?;
            stream.write_all(format!("{request} HTTP/1.1\r\nHost: d\r\n\r\n").as_bytes())?;
            // The answer has begun; then the client is gone.
            let head = head(&mut stream)?;
            ensure!(head.starts_with("HTTP/1.1 200"), "{request}: {head}");
            drop(stream);
        }
    }
    for _ in 0..5 {
        let mut stream = upgraded(&format!("/v1.43/containers/{id}/attach?{STREAMS}"), &Value::Null)?;
        frame(&mut stream)?;
        drop(stream);
    }
    daemon.is_back_to(before)?;
    ensure!(inspect(&id)?["State"]["Running"] == true);
    act("DELETE", &format!("{id}?force=1"))
}

fn who_waits_takes_no_processor_time() -> Result<()> {
    let _daemon = Daemon::start()?;
    let id = run("rests", "sleep 1000; true", json!({"OpenStdin": true}))?;
    let later = create("later", "true", json!({"OpenStdin": true}))?;
    let mut clients = Vec::new();
    for request in [
        format!("GET /v1.43/containers/{id}/logs?stdout=1&follow=1"),
        "GET /v1.43/events".to_string(),
        format!("POST /v1.43/containers/{id}/wait"),
        format!("POST /v1.43/containers/{later}/wait?condition=next-exit"),
    ] {
        let mut stream = connect()?;
        stream.write_all(format!("{request} HTTP/1.1\r\nHost: d\r\n\r\n").as_bytes())?;
        ensure!(head(&mut stream)?.starts_with("HTTP/1.1 200"), "{request}");
        clients.push(stream);
    }
    for container in [&id, &later] {
        let path = format!("/v1.43/containers/{container}/attach?{STREAMS}");
        clients.push(upgraded(&path, &Value::Null)?);
        // One that has nothing more to say, and one that says what nobody reads.
        let silent = upgraded(&path, &Value::Null)?;
        silent.shutdown(Shutdown::Write)?;
        clients.push(silent);
        let mut talks = upgraded(&path, &Value::Null)?;
        talks.write_all(&[b'x'; 100_000])?;
        clients.push(talks);
    }
    testkit::expect_rest()?;
    drop(clients);
    testkit::expect_rest()
}

fn a_log_that_nobody_reads_waits_without_filling_memory() -> Result<()> {
    let daemon = Daemon::start()?;
    let id = run("talks", "seq 1 1000000", Value::Null)?;
    ensure!(wait(&id)? == 0);
    let (before, memory) = (daemon.descriptors()?, daemon.peak_memory()?);
    let mut stream = connect()?;
    stream.write_all(format!("GET /v1.43/containers/{id}/logs?stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n").as_bytes())?;
    head(&mut stream)?;
    // Others are served meanwhile.
    for _ in 0..20 {
        inspect(&id)?;
    }
    let grown = daemon.peak_memory()? - memory;
    ensure!(grown < 16 << 10, "its memory has grown by {grown} kB");
    drop(stream);
    daemon.is_back_to(before)
}

fn early_input_reaches_the_command() -> Result<()> {
    let _daemon = Daemon::start()?;
    let id = run("waits", "sleep 600", Value::Null)?;
    let asked = json!({"Cmd": ["cat"], "AttachStdin": true, "AttachStdout": true});
    let made = crate::http::json(&format!("POST /v1.43/containers/{id}/exec"), &asked, 201)?;
    let exec = made["Id"].as_str().context("no id")?.to_string();
    // Behind the request, before the answer is there.
    let body = r#"{"Detach":false}"#;
    let mut stream = connect()?;
    let request = format!(
        "POST /v1.43/exec/{exec}/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: \
         {}\r\n\r\n{body}early and ",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    head(&mut stream)?;
    stream.write_all(b"late\n")?;
    stream.shutdown(Shutdown::Write)?;
    ensure!(stdout_to_the_end(&mut stream)? == "early and late\n");
    eventually("its status is known", || {
        let state = crate::http::json(&format!("GET /v1.43/exec/{exec}/json"), &Value::Null, 200)?;
        Ok(state["ExitCode"] == 0 && state["Running"] == false)
    })?;
    act("DELETE", &format!("{id}?force=1"))
}

fn a_life_that_is_over_at_once_is_not_missed_by_who_waits_for_its_exit() -> Result<()> {
    let _daemon = Daemon::start()?;
    for number in 0..20 {
        let id = create(&format!("short-{number}"), "exit 3", Value::Null)?;
        let mut stream = connect()?;
        let path = format!("/v1.43/containers/{id}/wait?condition=next-exit");
        stream.write_all(format!("POST {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n").as_bytes())?;
        // Only who has the head starts it.
        head(&mut stream)?;
        act("POST", &format!("{id}/start"))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).with_context(|| format!("life {number}: {answer}"))?;
        ensure!(answer.contains("{\"StatusCode\":3}"), "life {number}: {answer}");
    }
    Ok(())
}
