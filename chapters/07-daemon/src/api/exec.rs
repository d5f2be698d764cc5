//! One more command in a container: made, started, looked at.
//!
//! The API makes a command in two steps, and the first is only a note: it is kept here until it is
//! started. After that the container's shim knows it.

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, OnceLock};

use anyhow::Context;
use ch01_namespaces::new_id;
use ch06_containers::shim::{ExecRequest, Request};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::body::{json as answer_json, ok, read};
use super::error::{Answer, ApiError, start_failed};
use super::hijack;
use super::router::Call;
use super::system::blocking;
use crate::daemon::Daemon;

/// A command that was asked for.
#[derive(Debug, Clone)]
struct Note {
    container: String,
    request: ExecRequest,
    is_started: bool,
}

/// Notes, by id. At most so many: the oldest are forgotten.
const MOST: usize = 10_000;

fn notes() -> &'static Mutex<HashMap<String, Note>> {
    static NOTES: OnceLock<Mutex<HashMap<String, Note>>> = OnceLock::new();
    NOTES.get_or_init(Mutex::default)
}

fn note(id: &str) -> Result<Note, ApiError> {
    let notes = notes().lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let known = notes
        .get(id)
        .or_else(|| notes.iter().find(|(known, _)| id.len() >= 12 && known.starts_with(id)).map(|(_, note)| note));
    known.cloned().ok_or_else(|| ApiError::not_found(format!("No such exec instance: {id}")))
}

fn keep(note: Note) {
    let mut notes = notes().lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if notes.len() >= MOST {
        notes.retain(|_, known| !known.is_started);
    }
    notes.insert(note.request.id.clone(), note);
}

/// Makes a note of it.
pub async fn create(daemon: Daemon, name: String, call: Call) -> Answer {
    let body = read(call.request.into_body()).await?;
    let asked: Value =
        serde_json::from_slice(&body).map_err(|error| ApiError::bad(format!("invalid JSON: {error}")))?;
    let strings = |key: &str| -> Vec<String> { serde_json::from_value(asked[key].clone()).unwrap_or_default() };
    let text = |key: &str| asked[key].as_str().unwrap_or_default().to_string();
    let flag = |key: &str| asked[key].as_bool().unwrap_or(false);
    let size = asked["ConsoleSize"].as_array().and_then(|size| {
        Some((u16::try_from(size.get(1)?.as_u64()?).ok()?, u16::try_from(size.first()?.as_u64()?).ok()?))
    });
    let request = ExecRequest {
        id: new_id()?,
        command: strings("Cmd"),
        env: strings("Env"),
        working_dir: text("WorkingDir"),
        user: text("User"),
        tty: flag("Tty"),
        stdin: flag("AttachStdin"),
        privileged: flag("Privileged"),
        size: size.filter(|(columns, rows)| *columns > 0 && *rows > 0),
    };
    if request.command.is_empty() {
        return Err(ApiError::bad("No exec command specified"));
    }
    let record = blocking(move || daemon.engine.records().find(&name)).await?;
    if !record.state.is_active() {
        return Err(ApiError::new(StatusCode::CONFLICT, format!("container {} is not running", record.id)));
    }
    let id = request.id.clone();
    keep(Note { container: record.id, request, is_started: false });
    Ok(answer_json(StatusCode::CREATED, &json!({"Id": id})))
}

/// Starts it. The connection becomes its streams, unless it is to run by itself.
pub async fn start(daemon: Daemon, id: String, call: Call) -> Answer {
    let mut note = note(&id)?;
    let (parts, body) = call.request.into_parts();
    let bytes = read(body).await?;
    let asked: Value =
        if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
    let detach = asked["Detach"].as_bool().unwrap_or(false);
    if note.is_started {
        return Err(ApiError::new(StatusCode::CONFLICT, format!("exec {id} has been started already")));
    }
    note.is_started = true;
    keep(note.clone());
    let tty = note.request.tty;
    let engine = daemon.engine.clone();
    if detach {
        blocking(move || {
            let record = engine.records().find(&note.container)?;
            engine.exec(&record, note.request, None)
        })
        .await?;
        return ok(&json!({}));
    }
    // The command is started before the answer: a failure is an answer, too. Until the connection is
    // ours, a pair of sockets stands in; then the connection is carried by the shim itself.
    let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets").map_err(ApiError::from)?;
    let started = tokio::task::spawn_blocking(move || {
        let record = engine.records().find(&note.container)?;
        engine.exec(&record, note.request, Some(theirs.into()))
    })
    .await
    .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    if let Err(error) = started {
        return Err(start_failed(&error));
    }
    let request = hyper::Request::from_parts(parts, ());
    tokio::spawn(async move {
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            let _ = relay(upgraded, ours).await;
        }
    });
    Ok(hijack::switching_protocols(tty))
}

/// Both ways, until the command's side ends.
async fn relay(upgraded: hyper::upgrade::Upgraded, ours: UnixStream) -> std::io::Result<()> {
    use tokio::io::{AsyncWriteExt, copy, split};
    ours.set_nonblocking(true)?;
    let ours = tokio::net::UnixStream::from_std(ours)?;
    let (mut from_command, mut to_command) = ours.into_split();
    let (mut from_client, mut to_client) = split(hyper_util::rt::TokioIo::new(upgraded));
    let input = tokio::spawn(async move {
        let _ = copy(&mut from_client, &mut to_command).await;
        let _ = to_command.shutdown().await;
    });
    copy(&mut from_command, &mut to_client).await?;
    to_client.shutdown().await?;
    input.abort();
    Ok(())
}

/// Sets the size of its terminal.
pub async fn resize(daemon: Daemon, id: String, call: Call) -> Answer {
    let note = note(&id)?;
    let columns = call.query.number("w")?.unwrap_or(80);
    let rows = call.query.number("h")?.unwrap_or(24);
    blocking(move || {
        let record = daemon.engine.records().find(&note.container)?;
        daemon
            .engine
            .ask(&record, &Request::Resize { exec: Some(note.request.id), columns, rows }, Vec::new())
            .map(drop)
    })
    .await?;
    ok(&json!({}))
}

/// What became of it.
pub async fn inspect(daemon: Daemon, id: String) -> Answer {
    let note = note(&id)?;
    let value = blocking(move || {
        let request = &note.request;
        let state = daemon
            .engine
            .records()
            .find(&note.container)
            .and_then(|record| daemon.engine.exec_state(&record, &request.id))
            .ok();
        let (running, code, pid) = match (note.is_started, state) {
            (false, _) => (false, Value::Null, 0),
            (true, Some(state)) => {
                (state.exit_code.is_none(), state.exit_code.map_or(Value::Null, Value::from), state.pid)
            }
            // The container has ended, and the command with it.
            (true, None) => (false, 137.into(), 0),
        };
        Ok(json!({
            "ID": request.id, "Running": running, "ExitCode": code, "Pid": pid, "ContainerID": note.container,
            "ProcessConfig": {
                "tty": request.tty, "entrypoint": request.command.first(), "arguments": &request.command[1..],
                "privileged": request.privileged, "user": request.user,
            },
            "OpenStdin": request.stdin, "OpenStderr": true, "OpenStdout": true, "CanRemove": !running, "DetachKeys": "",
        }))
    })
    .await?;
    ok(&value)
}
