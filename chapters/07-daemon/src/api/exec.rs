//! One more command in a container: made, started, looked at.

use std::io::Write;
use std::os::fd::OwnedFd;

use ch01_namespaces::{Failure, new_id};
use ch06_containers::DetachKeys;
use ch06_containers::record::{Record, Status};
use ch06_containers::shim::{ExecRequest, Request};
use hyper::StatusCode;
use serde_json::json;
use tracing::warn;

use super::body::{json as answer_json, ok, read};
use super::error::{Answer, ApiError, start_failed};
use super::router::Call;
use super::system::{blocking, blocking_on};
use super::{fields, hijack};
use crate::daemon::changes::about;
use crate::daemon::{Change, Daemon, Note};

/// Of a command with its variables: it goes to the shim in one message, which is not much larger.
const LONGEST: usize = 100 << 10;

fn note(daemon: &Daemon, id: &str) -> Result<Note, ApiError> {
    daemon.execs.find(id).ok_or_else(|| ApiError::not_found(format!("No such exec instance: {id}")))
}

/// Docker puts the command behind the action.
fn about_exec(record: &Record, action: &str, request: &ExecRequest) -> Change {
    about(record, format!("{action}: {}", request.command.join(" "))).with("execID", &request.id)
}

/// Makes a note of it.
pub async fn create(daemon: Daemon, name: String, call: Call) -> Answer {
    let body = read(call.request.into_body()).await?;
    let example = json!({
        "Cmd": [""], "Env": [""], "WorkingDir": "", "User": "", "Tty": false, "AttachStdin": false,
        "AttachStdout": false, "AttachStderr": false, "Privileged": false, "ConsoleSize": [0], "DetachKeys": "",
        "Detach": false, "Container": "",
    });
    let asked = fields::read(&body, &example)?;
    let strings = |key: &str| -> Vec<String> { serde_json::from_value(asked[key].clone()).unwrap_or_default() };
    let text = |key: &str| asked[key].as_str().unwrap_or_default().to_string();
    let flag = |key: &str| asked[key].as_bool().unwrap_or(false);
    let size = asked["ConsoleSize"].as_array().and_then(|size| {
        Some((u16::try_from(size.get(1)?.as_u64()?).ok()?, u16::try_from(size.first()?.as_u64()?).ok()?))
    });
    let keys = text("DetachKeys").parse::<DetachKeys>().map_err(|error| ApiError::bad(format!("{error:#}")))?;
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
        detach_keys: flag("Tty").then_some(keys),
        explain: false,
        early: Vec::new(),
    };
    if request.command.is_empty() {
        return Err(ApiError::bad("No exec command specified"));
    }
    // Two thousand notes are kept, in memory as well.
    if serde_json::to_vec(&request).map_or(0, |text| text.len()) > LONGEST {
        let message = format!("invalid request: a command with its variables takes at most {LONGEST} bytes here");
        return Err(ApiError::bad(message));
    }
    let id = request.id.clone();
    blocking(move || {
        daemon.execs.make_room(&daemon.engine);
        let record = daemon.engine.records().find(&name)?;
        if !record.state.is_active() {
            anyhow::bail!(Failure::new(1, format!("Container {} is not running", record.id)));
        }
        let created = about_exec(&record, "exec_create", &request);
        daemon.execs.add(record.id.clone(), request)?;
        daemon.changes.watch_execs(&record.id);
        daemon.changes.tell(created);
        Ok(())
    })
    .await?;
    Ok(answer_json(StatusCode::CREATED, &json!({"Id": id})))
}

/// Starts it. The connection becomes its streams, unless it is to run by itself.
pub async fn start(daemon: Daemon, id: String, call: Call) -> Answer {
    let (parts, body) = call.request.into_parts();
    let bytes = read(body).await?;
    let body: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    let asked = fields::read(body, &json!({"Detach": false, "Tty": false, "ConsoleSize": [0]}))?;
    let (again, known) = (daemon.clone(), note(&daemon, &id)?);
    let (record, note) = blocking(move || {
        let record = again.engine.records().find(&known.container)?;
        if !record.state.is_active() || record.state.status == Status::Paused {
            let what = if record.state.is_active() { "is paused" } else { "is not running" };
            anyhow::bail!(Failure::new(1, format!("Container {} {what}", record.id)));
        }
        let note = again.execs.begin(&known.request.id)?;
        again.changes.tell(about_exec(&record, "exec_start", &note.request));
        Ok((record, note))
    })
    .await?;
    if asked["Detach"].as_bool().unwrap_or(false) {
        run(daemon, record, note, None).await.map_err(|error| start_failed(&error))?;
        return ok(&json!({}));
    }
    let tty = note.request.tty;
    tokio::spawn(async move {
        match hijack::take(hyper::upgrade::on(hyper::Request::from_parts(parts, ()))).await {
            Ok(taken) => run_on(daemon, record, note, taken).await,
            Err(error) => {
                daemon.execs.has_begun(&note);
                warn!(%error, "exec");
            }
        }
    });
    Ok(hijack::switching_protocols(tty))
}

/// Has the shim run it on a connection. The answer is out by now, so a failure is told as Docker
/// tells it: by a line in the stream, and by the exit status that is asked for afterwards.
async fn run_on(daemon: Daemon, record: Record, mut note: Note, taken: hijack::Taken) {
    note.request.early = taken.early;
    let Ok(socket) = taken.socket.try_clone() else { return daemon.execs.has_begun(&note) };
    let tty = note.request.tty;
    let Err(error) = run(daemon, record, note, Some(taken.socket)).await else { return };
    let line = format!("{}\r\n", start_failed(&error).message);
    let head = [1, 0, 0, 0].into_iter().chain((line.len() as u32).to_be_bytes());
    let head: Vec<u8> = if tty { Vec::new() } else { head.collect() };
    // A socket's buffer takes a line at once.
    let mut socket = std::os::unix::net::UnixStream::from(socket);
    let _ = socket.write_all(&[&head[..], line.as_bytes()].concat());
}

async fn run(daemon: Daemon, record: Record, note: Note, socket: Option<OwnedFd>) -> anyhow::Result<()> {
    let turn = daemon.turns.take(&record.id).await;
    let run = move || {
        let started = turn.and_then(|_turn| daemon.engine.exec(&record, note.request.clone(), socket));
        if let Err(error) = &started {
            // The disk may be full, or the container gone: the failure itself is reported all the same.
            let code = Failure::from_error(error).exit_code;
            let _ = daemon.execs.keep(Note { failed: Some(code), ..note.clone() });
            let died = about(&record, "exec_die").with("execID", &note.request.id).with("exitCode", code);
            daemon.changes.tell(died);
        }
        daemon.execs.has_begun(&note);
        started.map(drop)
    };
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|error| Err(error.into()))
}

/// Sets the size of its terminal.
pub async fn resize(daemon: Daemon, id: String, call: Call) -> Answer {
    let note = note(&daemon, &id)?;
    let columns = call.query.number("w")?.unwrap_or(80);
    let rows = call.query.number("h")?.unwrap_or(24);
    let (again, container) = (daemon.clone(), note.container.clone());
    blocking_on(&again, &container, move || {
        let record = daemon.engine.records().find(&note.container)?;
        daemon
            .engine
            .ask(&record, &Request::Resize { exec: Some(note.request.id), columns, rows }, Vec::new())
            .map(drop)
    })
    .await?;
    ok(&json!({}))
}

/// What became of it: from the shim while it runs, afterwards from what the shim has written.
pub async fn inspect(daemon: Daemon, id: String) -> Answer {
    let note = note(&daemon, &id)?;
    let (again, container) = (daemon.clone(), note.container.clone());
    let value = blocking_on(&again, &container, move || {
        let request = &note.request;
        let code = if note.is_started { daemon.execs.exit_of(&daemon.engine, &note) } else { None };
        let running = note.is_started && code.is_none();
        let record = daemon.engine.records().find(&note.container).ok().filter(|_| running);
        let state = record.and_then(|record| daemon.engine.exec_state(&record, &request.id).ok());
        let pid = state.map_or(0, |state| state.pid);
        Ok(json!({
            "ID": request.id, "Running": running, "ExitCode": code, "Pid": pid, "ContainerID": note.container,
            "ProcessConfig": {
                "tty": request.tty, "entrypoint": request.command.first(), "arguments": &request.command[1..],
                "privileged": request.privileged, "user": request.user,
            },
            "OpenStdin": request.stdin, "OpenStderr": true, "OpenStdout": true, "CanRemove": !running,
            "DetachKeys": request.detach_keys.as_ref().map(ToString::to_string).unwrap_or_default(),
        }))
    })
    .await?;
    ok(&value)
}
