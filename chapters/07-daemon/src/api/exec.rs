//! One more command in a container: made, started, looked at.
//!
//! The API makes a command in two steps, and the first is only a note: it is kept here until it is
//! started. After that the container's shim knows it.

use std::collections::HashMap;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use ch01_namespaces::{Failure, new_id};
use ch06_containers::DetachKeys;
use ch06_containers::record::{Record, Status};
use ch06_containers::shim::{ExecRequest, Request};
use hyper::StatusCode;
use serde_json::{Value, json};
use tracing::warn;

use super::body::{json as answer_json, ok, read};
use super::error::{Answer, ApiError, start_failed};
use super::hijack;
use super::router::Call;
use super::system::blocking;
use crate::daemon::Daemon;

/// A command that was asked for.
#[derive(Debug, Clone)]
struct Note {
    /// Which one of all.
    number: u64,
    container: String,
    request: ExecRequest,
    is_started: bool,
    /// The exit status of one that couldn't be started.
    failed: Option<u8>,
}

/// Notes, by id. At so many, the oldest are forgotten: those that have ended, and those that nobody
/// has started. What runs is remembered, however old it is.
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
    notes.insert(note.request.id.clone(), note);
}

/// Forgets some of the oldest, when there are as many as there may be.
fn make_room(daemon: &Daemon) {
    let lock = || notes().lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let known: Vec<Note> = {
        let notes = lock();
        if notes.len() < MOST {
            return;
        }
        notes.values().cloned().collect()
    };
    // A shim is asked for each: without the lock, since others look for their notes meanwhile.
    let runs = |note: &Note| {
        let record = daemon.engine.records().find(&note.container);
        let state = record.and_then(|record| daemon.engine.exec_state(&record, &note.request.id));
        note.failed.is_none() && state.is_ok_and(|state| state.exit_code.is_none())
    };
    let gone = oldest(known, MOST / 10, runs);
    let mut notes = lock();
    for note in gone {
        // It may have been started meanwhile.
        if notes.get(&note.request.id).is_some_and(|now| now.is_started == note.is_started) {
            notes.remove(&note.request.id);
        }
    }
}

/// The oldest that don't run.
fn oldest(mut known: Vec<Note>, most: usize, runs: impl Fn(&Note) -> bool) -> Vec<Note> {
    known.sort_by_key(|note| note.number);
    known.into_iter().filter(|note| !note.is_started || !runs(note)).take(most).collect()
}

fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
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
        early: Vec::new(),
    };
    if request.command.is_empty() {
        return Err(ApiError::bad("No exec command specified"));
    }
    let record = blocking(move || {
        make_room(&daemon);
        daemon.engine.records().find(&name)
    })
    .await?;
    if !record.state.is_active() {
        return Err(ApiError::new(StatusCode::CONFLICT, format!("Container {} is not running", record.id)));
    }
    let id = request.id.clone();
    keep(Note { number: next_number(), container: record.id, request, is_started: false, failed: None });
    Ok(answer_json(StatusCode::CREATED, &json!({"Id": id})))
}

/// Starts it. The connection becomes its streams, unless it is to run by itself.
pub async fn start(daemon: Daemon, id: String, call: Call) -> Answer {
    let (parts, body) = call.request.into_parts();
    let bytes = read(body).await?;
    let asked: Value =
        if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
    let (engine, container) = (daemon.engine.clone(), note(&id)?.container);
    let record = blocking(move || engine.records().find(&container)).await?;
    if !record.state.is_active() || record.state.status == Status::Paused {
        let what = if record.state.is_active() { "paused" } else { "not running" };
        return Err(ApiError::new(StatusCode::CONFLICT, format!("Container {} is {what}", record.id)));
    }
    let note = begin(&id)?;
    if asked["Detach"].as_bool().unwrap_or(false) {
        run(daemon, record, note, None).await.map_err(|error| start_failed(&error))?;
        return ok(&json!({}));
    }
    let tty = note.request.tty;
    tokio::spawn(async move {
        match hijack::take(hyper::upgrade::on(hyper::Request::from_parts(parts, ()))).await {
            Ok(taken) => run_on(daemon, record, note, taken).await,
            Err(error) => warn!(%error, "exec"),
        }
    });
    Ok(hijack::switching_protocols(tty))
}

/// Notes that it is started, which is done once.
fn begin(id: &str) -> Result<Note, ApiError> {
    let mut note = note(id)?;
    if note.is_started {
        return Err(ApiError::new(StatusCode::CONFLICT, format!("exec {id} has been started already")));
    }
    note.is_started = true;
    keep(note.clone());
    Ok(note)
}

/// Has the shim run it on a connection. The answer is out by now, so a failure is told as Docker
/// tells it: by a line in the stream, and by the exit status that is asked for afterwards.
async fn run_on(daemon: Daemon, record: Record, mut note: Note, taken: hijack::Taken) {
    note.request.early = taken.early;
    let Ok(socket) = taken.socket.try_clone() else { return };
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
    let request = note.request.clone();
    let started = tokio::task::spawn_blocking(move || daemon.engine.exec(&record, request, socket)).await;
    let started = started.unwrap_or_else(|error| Err(error.into()));
    if let Err(error) = &started {
        keep(Note { failed: Some(Failure::of(error).exit_code), ..note });
    }
    started.map(drop)
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
            (true, _) if note.failed.is_some() => (false, note.failed.into(), 0),
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
            "OpenStdin": request.stdin, "OpenStderr": true, "OpenStdout": true, "CanRemove": !running,
            "DetachKeys": request.detach_keys.as_ref().map(ToString::to_string).unwrap_or_default(),
        }))
    })
    .await?;
    ok(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_do_not_run_are_forgotten() {
        let note = |number: u64| Note {
            number,
            container: String::new(),
            request: ExecRequest { id: number.to_string(), ..ExecRequest::default() },
            is_started: number != 2,
            failed: None,
        };
        let known = [4, 1, 3, 0, 2].map(note).to_vec();
        let gone = |most| -> Vec<u64> {
            let runs = |note: &Note| [0, 3].contains(&note.number);
            oldest(known.clone(), most, runs).iter().map(|note| note.number).collect()
        };
        // 2 was never started, 0 and 3 run.
        assert_eq!(gone(2), [1, 2]);
        assert_eq!(gone(9), [1, 2, 4]);
    }
}
